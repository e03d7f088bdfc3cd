"""Intake: how feedback enters the house, once, durably, and with its personal texts redacted."""
