"""Scales: what each metric may be on, and what it is on when nobody says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.intake.scales import DEFAULT_SCALES, SCALE_LIMIT, Metric, Scale, ScaleRefused, fit


@pytest.mark.parametrize(
    ("metric", "value", "told", "expected"),
    [
        ("nps", 0.0, None, Scale(0, 10)),
        ("nps", 10.0, Scale(0, 10), Scale(0, 10)),
        ("csat", 5.0, None, Scale(1, 5)),
        ("csat", 7.0, Scale(1, 7), Scale(1, 7)),
        ("ces", 7.0, None, Scale(1, 7)),
        ("ces", 2.0, Scale(1, 5, "descending"), Scale(1, 5, "descending")),
        ("stars", 3.5, None, Scale(1, 5)),
        ("rating", -3.0, Scale(-5, 5), Scale(-5, 5)),
    ],
)
def test_a_score_gets_its_scale(metric: Metric, value: float, told: Scale | None, expected: Scale) -> None:
    assert fit(metric, value, told) == expected


@pytest.mark.parametrize(
    ("metric", "value", "told", "part", "code"),
    [
        ("nps", 11.0, None, "value", "out_of_scale"),
        ("nps", 7.5, None, "value", "not_whole"),
        ("nps", 4.0, Scale(1, 5), "scale", "not_an_nps_scale"),
        ("nps", 4.0, Scale(0, 10, "descending"), "scale", "not_an_nps_scale"),
        ("csat", 0.0, None, "value", "out_of_scale"),
        ("rating", 4.0, None, "scale", "scale_required"),
        ("rating", 4.0, Scale(5, 5), "scale", "scale_invalid"),
        ("rating", 4.0, Scale(5, 1), "scale", "scale_invalid"),
        ("rating", 0.0, Scale(0, 1e-319), "scale", "scale_invalid"),
        ("rating", 4.0, Scale(0, 2 * SCALE_LIMIT), "scale", "scale_invalid"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    metric: Metric, value: float, told: Scale | None, part: str, code: str
) -> None:
    with pytest.raises(ScaleRefused) as refused:
        fit(metric, value, told)
    assert (refused.value.part, refused.value.code) == (part, code)


def test_an_nps_on_another_scale_is_told_to_be_a_rating() -> None:
    with pytest.raises(ScaleRefused, match='metric "rating"'):
        fit("nps", 4.0, Scale(1, 10))


@given(
    st.sampled_from(["nps", "csat", "ces", "stars", "rating"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.builds(Scale, st.floats(allow_nan=False), st.floats(allow_nan=False)),
)
def test_an_accepted_score_lies_within_its_scale(metric: Metric, value: float, told: Scale | None) -> None:
    try:
        scale = fit(metric, value, told)
    except ScaleRefused:
        return
    assert scale.min <= value <= scale.max
    assert scale == (told or DEFAULT_SCALES[metric])
    if metric == "nps":
        assert value in range(11)
