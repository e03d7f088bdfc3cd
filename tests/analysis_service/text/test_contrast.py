"""What sets one group of records apart: weighted log-odds with an informative Dirichlet prior."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from analysis_service.text.contrast import PRIOR_STRENGTH, top_terms, words_of

WAITING = [["waiting", "rude"]] * 6 + [["waiting"]] * 6
HAPPY = [["friendly", "fast"]] * 20 + [["waiting"]]


def test_the_term_said_more_in_the_first_group_comes_first() -> None:
    found = top_terms(WAITING, HAPPY)
    assert [one.term for one in found] == ["waiting", "rude"]
    assert (found[0].first, found[0].second) == (12, 1)
    assert found[0].z > found[1].z > 0


def test_the_formula_by_hand() -> None:
    found = top_terms([["a"]] * 4, [["b"]] * 4)[0]
    prior = PRIOR_STRENGTH * 4 / 8
    odds = math.log((4 + prior) / (4 + PRIOR_STRENGTH - 4 - prior)) - math.log(prior / (4 + PRIOR_STRENGTH - prior))
    assert found.log_odds == round(odds, 3)
    assert found.z == round(odds / math.sqrt(1 / (4 + prior) + 1 / prior), 3)


def test_a_term_counts_once_a_record() -> None:
    assert top_terms([["a", "a", "a"]] * 3, [["b"]] * 3)[0].first == 3


def test_rare_terms_and_empty_groups() -> None:
    assert top_terms([["a"], ["a"]], HAPPY) == []
    assert top_terms([], HAPPY) == []
    assert top_terms(WAITING, []) == []


def test_the_limit() -> None:
    assert len(top_terms(WAITING, HAPPY, limit=1)) == 1


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=4), max_size=12))
def test_equal_groups_have_nothing_between_them(records: list[list[str]]) -> None:
    assert top_terms(records, records) == []


def test_words_and_pairs_without_function_words() -> None:
    assert words_of(["The staff was not helpful.", "", "Waiting times! Long waiting times"]) == [
        ["staff", "helpful", "not helpful"],
        [],
        ["waiting", "times", "waiting times", "long", "long waiting"],
    ]
    assert words_of([]) == []
