"""Organisations, members, roles, API keys, sessions and the audit trail."""
