"""The analysis service: what feedback means, how the organisation is doing, and why."""
