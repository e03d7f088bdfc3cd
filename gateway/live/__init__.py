"""Server-sent events that keep the dashboard fresh."""
