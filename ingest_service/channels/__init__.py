"""Channels: what each provider sends, as a submission of ours (pure)."""
