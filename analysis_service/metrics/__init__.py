"""Metrics: scores with their counts and intervals, over any window, segment and time zone."""
