"""What a browser loads: the survey widget, the dashboard, the documentation page."""
