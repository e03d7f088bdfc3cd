"""Cells and facets: stable keys, and a merge that keeps one order and drops what cancels out."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics.cells import CellKey, Facet, merge
from analysis_service.metrics.tally import ONE, Tally
from tests.analysis_service.feeding import NOON

texts = st.text(max_size=4)
facets = st.builds(Facet, texts, texts, texts, texts, texts)


@given(facets, facets)
def test_different_facets_have_different_keys(one: Facet, other: Facet) -> None:
    assert (one.key == other.key) == (one == other)


def test_the_key_is_the_same_in_every_release() -> None:
    assert Facet("email", "survey", "Lisbon", "", "en").key == UUID("9c4ad5d2-5929-d93f-24be-f806dcee894c")
    assert Facet("ab", "c", "", "", "").key != Facet("a", "bc", "", "", "").key


cells = st.builds(
    CellKey,
    st.sampled_from([UUID(int=1), UUID(int=2)]),
    st.sampled_from(["nps", "volume"]),
    st.sampled_from([NOON, NOON + timedelta(hours=1)]),
    st.just(UUID(int=3)),
    st.just(""),
    st.just(""),
)


@given(st.lists(st.tuples(cells, st.sampled_from([ONE, -ONE]))))
def test_merging_keeps_the_sum_in_one_order(changes: list[tuple[CellKey, Tally]]) -> None:
    merged = merge(changes)
    assert [key for key, _ in merged] == sorted({key for key, _ in merged})
    for key, tally in merged:
        assert tally == sum((added for cell, added in changes if cell == key), Tally())
        assert tally != Tally()
    assert merge(reversed(changes)) == merged
