"""Cases: one customer's trouble with an owner, a due time and an outcome (the inner loop)."""
