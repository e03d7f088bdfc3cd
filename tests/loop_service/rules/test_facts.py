"""Odd records never break the reading of facts, and scales become percents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.rules.facts import facts_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["ratings", "text", "title", "sentiment", "attributes", "channel", "unit", "customer_id", "language"]
)


@given(st.dictionaries(NAMES, JSON))
def test_any_json_is_read_without_an_exception(data: dict[str, object]) -> None:
    facts = facts_of(data)
    assert all(score.percent is None or 0 <= score.percent <= 100 for score in facts.scores)


@pytest.mark.parametrize(
    ("value", "scale", "percent"),
    [
        (3, {"min": 1, "max": 5}, 50.0),
        (1, {"min": 1, "max": 5, "direction": "ascending"}, 0.0),
        (1, {"min": 1, "max": 7, "direction": "descending"}, 100.0),
        (99, {"min": 0, "max": 10}, 100.0),
        (3, {"min": 5, "max": 5}, None),
        (3, None, None),
        (3, {"min": "1", "max": 5}, None),
    ],
)
def test_percent_follows_the_scale(value: float, scale: object, percent: float | None) -> None:
    (score,) = facts_of({"ratings": [{"metric": "ces", "value": value, "scale": scale}]}).scores
    assert score.percent == percent


def test_true_is_not_a_rating() -> None:
    assert facts_of({"ratings": [{"metric": "nps", "value": True}]}).scores == ()


def test_title_and_text_are_read_together() -> None:
    assert facts_of({"title": "Late", "text": "again"}).words == "Late\nagain"
