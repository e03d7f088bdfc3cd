"""NPS: groups, score, interval, and null where nothing was answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics import nps


@pytest.mark.parametrize(
    ("value", "group"),
    [
        (0, "detractor"),
        (6, "detractor"),
        (6.5, "detractor"),
        (7, "passive"),
        (8, "passive"),
        (9, "promoter"),
        (10, "promoter"),
    ],
)
def test_groups(value: float, group: str) -> None:
    assert nps.group(value) == group


@pytest.mark.parametrize("value", [-1, 11, 10.001])
def test_off_the_scale_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        nps.group(value)


def test_worked_example() -> None:
    assert nps.score(7, 2, 10) == 50
    low, high = nps.interval(7, 2, 10) or (0.0, 0.0)
    assert (round(low, 1), round(high, 1)) == (-7.6, 81.6)


def test_nothing_answered_is_null() -> None:
    assert nps.score(0, 0, 0) is None
    assert nps.interval(0, 0, 0) is None


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_a_passive_pulls_the_score_towards_zero(answers: list[int]) -> None:
    groups = [nps.group(answer) for answer in answers]
    promoters, detractors = groups.count("promoter"), groups.count("detractor")
    before = nps.score(promoters, detractors, len(groups))
    after = nps.score(promoters, detractors, len(groups) + 1)
    assert before is not None
    assert after is not None
    assert abs(after) <= abs(before)
    assert -100 <= after <= 100
