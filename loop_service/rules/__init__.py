"""Rules: which feedback opens a case, decided by conditions anyone can read."""
