"""Scales: explicit boxes, mirrored directions, keys that read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics import scales
from analysis_service.metrics.scales import Scale


@pytest.mark.parametrize(
    ("low", "high", "box"),
    [
        (1, 5, (4, 5)),
        (1, 3, (3, 3)),
        (1, 4, (3, 4)),
        (1, 7, (6, 7)),
        (0, 10, (9, 10)),
        (1, 10, (9, 10)),
        (0, 1, (1, 1)),
    ],
)
def test_top_boxes(low: float, high: float, box: tuple[float, float]) -> None:
    assert scales.top_box(Scale(low, high)) == box


def test_a_scale_without_a_rule_has_no_box() -> None:
    assert scales.top_box(Scale(0, 100)) is None
    assert scales.agreement(Scale(0, 10)) is None


def test_a_descending_scale_has_the_mirrored_box() -> None:
    assert scales.top_box(Scale(1, 5, "descending")) == (1, 2)
    assert scales.agreement(Scale(1, 7, "descending")) == (1, 3)


ends = st.integers(-1_000_000, 1_000_000).map(lambda thousandths: thousandths / 1000)


@given(ends, ends, st.sampled_from(["ascending", "descending"]))
def test_keys_read_back(low: float, high: float, direction: scales.Direction) -> None:
    scale = Scale(low, high, direction)
    assert scales.parse(scale.key) == scale


@pytest.mark.parametrize("key", ["", "1", "1-5 sideways", "one-five"])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(ValueError):
        scales.parse(key)


@given(st.integers(0, 10))
def test_common_scale_is_mirrored_by_direction(value: int) -> None:
    up, down = scales.common(value, Scale(0, 10)), scales.common(value, Scale(0, 10, "descending"))
    assert up + down == pytest.approx(100)
    assert 0 <= up <= 100


def test_common_scale_needs_two_ends() -> None:
    with pytest.raises(ValueError):
        scales.common(1, Scale(1, 1))
    assert Scale(1, 5).holds(5)
    assert not Scale(1, 5).holds(5.1)
