"""CES: mean and per cent agreeing, both conventions side by side."""

from __future__ import annotations

from analysis_service.metrics import ces
from analysis_service.metrics.scales import Scale


def test_both_conventions() -> None:
    answers = [1, 4, 5, 6, 7, 7]
    assert ces.score(6, sum(answers)) == 5
    assert round(ces.agree_percent(4, 6) or 0, 1) == 66.7
    low, high = ces.interval(6, 30, sum(x * x for x in answers), Scale(1, 7)) or (0.0, 0.0)
    assert 1 <= low < 5 < high <= 7
    assert ces.agree_interval(4, 6) is not None


def test_nothing_answered_is_null() -> None:
    assert ces.score(0, 0) is None
    assert ces.agree_percent(0, 0) is None
    assert ces.interval(1, 4, 16, Scale(1, 7)) is None
