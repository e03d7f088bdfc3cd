"""Privacy: what must never be stored or shown in clear."""
