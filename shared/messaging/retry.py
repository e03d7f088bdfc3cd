"""When an event that failed is tried again, and when it is given up: data and pure decisions."""

from __future__ import annotations

from shared.telemetry.logs import place_of

RETRY_AFTER_S: tuple[float, ...] = (1, 5, 30, 120, 600, 3600, 6 * 3600)
"""Seconds before each further attempt of a poisonous event; after the last it is dead (visible, replayable)."""

SENDS_IN_BATCHES = 3
"""After so many sends without any outcome an event travels alone: it may be what kills the worker."""

SENDS_IN_ALL = 10
"""After so many sends without any outcome it is dead: no worker survived it."""

ERROR_TEXT_LIMIT = 300


class Permanent(Exception):
    """Raised by a handler: trying this event again cannot help. It is parked as dead at once."""


def next_attempt_after(attempt: int) -> float | None:
    """Seconds until the next try after `attempt` failures (1 = the first); None: give up."""
    return RETRY_AFTER_S[attempt - 1] if attempt <= len(RETRY_AFTER_S) else None


def describe(error: BaseException) -> str:
    """What is stored and shown about a failed event: our own words for Permanent, else type and place only."""
    if isinstance(error, Permanent):
        return f"Permanent: {error}"[:ERROR_TEXT_LIMIT]
    return place_of(error)[:ERROR_TEXT_LIMIT]
