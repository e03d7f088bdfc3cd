"""Terms: which words set one group of feedback apart from the rest."""
