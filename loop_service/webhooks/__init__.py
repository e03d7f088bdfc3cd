"""Webhooks: tell other systems, signed, retried over days, never into a private network."""
