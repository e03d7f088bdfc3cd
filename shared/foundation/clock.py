"""The one source of time: aware UTC, and a test can hold or shift it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: datetime | None = None
_shift: timedelta = timedelta(0)


def now() -> datetime:
    """The current time, aware, UTC, microsecond resolution."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + _shift


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` (aware) for the duration of the block; for tests."""
    global _frozen  # noqa: PLW0603 - the clock is process-wide on purpose
    if at.tzinfo is None:
        raise ValueError("the clock takes aware times only")
    before, _frozen = _frozen, at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


@contextmanager
def shifted(delta: timedelta) -> Iterator[None]:
    """Let the clock run `delta` ahead (negative: behind) for the duration of the block; for tests."""
    global _shift  # noqa: PLW0603 - the clock is process-wide on purpose
    before, _shift = _shift, _shift + delta
    try:
        yield
    finally:
        _shift = before
