"""ACT: what must be done about feedback, by whom, was it done, was the customer told."""
