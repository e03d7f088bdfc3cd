"""Building the shipped models from licence-clean data, and measuring them. Never imported by a running service."""
