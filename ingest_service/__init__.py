"""LISTEN: what was asked, what was said, by whom."""
