"""Net sentiment: positive minus negative per 100 scored texts."""

from __future__ import annotations

from analysis_service.metrics import sentiment


def test_worked_example() -> None:
    assert sentiment.score(60, 20, 100) == 40
    low, high = sentiment.interval(60, 20, 100) or (0.0, 0.0)
    assert -100 <= low < 40 < high <= 100


def test_nothing_scored_is_null() -> None:
    assert sentiment.score(0, 0, 0) is None
    assert sentiment.interval(0, 0, 0) is None
