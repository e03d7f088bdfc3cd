"""Attributes: the newest word wins, in whatever order the news arrives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest_service.customers.attributes import ATTRIBUTES_KEPT, Portrait, merge

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_newest_word_wins() -> None:
    portrait = Portrait()
    assert merge(portrait, "Customer 0001", {"plan": "free", "since": 2020}, AT)
    assert merge(portrait, None, {"plan": "pro"}, AT + timedelta(days=2))
    assert not merge(portrait, "Customer 0002", {"plan": "trial"}, AT - timedelta(days=1))
    assert merge(portrait, None, {"since": None}, AT + timedelta(days=1))
    assert (portrait.name, portrait.attributes) == ("Customer 0001", {"plan": "pro", "since": None})


def test_the_same_again_changes_nothing() -> None:
    portrait = Portrait()
    merge(portrait, "Customer 0001", {"plan": "free"}, AT)
    assert not merge(portrait, "Customer 0001", {"plan": "free"}, AT)


def test_names_are_bounded_but_known_ones_are_still_updated() -> None:
    portrait = Portrait()
    merge(portrait, None, {str(number): 0 for number in range(ATTRIBUTES_KEPT + 5)}, AT)
    assert len(portrait.attributes) == ATTRIBUTES_KEPT
    assert merge(portrait, None, {"0": 1, "further": 1}, AT + timedelta(days=1))
    assert portrait.attributes["0"] == 1
    assert "further" not in portrait.attributes


_news = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["A", "B"]),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3) | st.booleans() | st.none(), max_size=3),
    ),
    max_size=8,
)


@given(_news, st.randoms())
def test_the_order_of_arrival_does_not_matter(news: list[tuple[str | None, dict[str, Any]]], random: Any) -> None:
    dated = [(name, said, AT + timedelta(hours=hour)) for hour, (name, said) in enumerate(news)]
    in_order, shuffled = Portrait(), Portrait()
    for one in dated:
        merge(in_order, *one)
    random.shuffle(dated)
    for one in dated:
        merge(shuffled, *one)
    assert in_order == shuffled
