"""When is a mail tried again? (pure)"""

from datetime import datetime, timedelta

RETRY_AFTER_S: tuple[float, ...] = (5, 60, 300, 1800, 7200, 6 * 3600, 12 * 3600, 24 * 3600)
"""Seconds after each failed attempt; about two days in all, then the mail is dead: older news helps nobody."""


def next_attempt(attempts_made: int, at: datetime) -> datetime | None:
    """When to try again after `attempts_made` failures (1 = the first); None: give up."""
    if attempts_made > len(RETRY_AFTER_S):
        return None
    return at + timedelta(seconds=RETRY_AFTER_S[attempts_made - 1])
