"""CSAT: per cent in the top box."""

from __future__ import annotations

from analysis_service.metrics import csat


def test_worked_example() -> None:
    assert csat.score(8, 10) == 80
    low, high = csat.interval(8, 10) or (0.0, 0.0)
    assert (round(low, 1), round(high, 1)) == (49.0, 94.3)  # Wilson 1927


def test_nothing_answered_is_null() -> None:
    assert csat.score(0, 0) is None
    assert csat.interval(0, 0) is None
