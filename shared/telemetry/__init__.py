"""Logs, metrics and traces: names in one place, no personal text anywhere."""
