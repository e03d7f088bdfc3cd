"""Terms: phrases rather than crumbs, negation shown with what it negates."""

from __future__ import annotations

from analysis_service.text import annotate
from analysis_service.text.terms import MOST


def terms_of(text: str) -> list[str]:
    return [term.text for term in annotate([text], ["en"])[0].terms]


def test_a_negated_word_is_shown_with_its_negation() -> None:
    assert any("not" in term and "helpful" in term for term in terms_of("The staff was not very helpful"))


def test_neighbouring_words_that_pull_alike_make_one_term() -> None:
    assert "terrible service" in " ".join(terms_of("terrible service"))


def test_at_most_so_many() -> None:
    text = "Great food, lovely staff, awful parking, dirty rooms, superb breakfast, rude host, cosy lounge, stale bread"
    assert 0 < len(terms_of(text)) <= MOST


def test_a_combining_mark_stays_with_its_letter() -> None:
    text = "lovely awful cafe\u0301"
    for term in annotate([text], ["en"])[0].terms:
        assert text[term.start : term.end] == term.text
        assert not text[term.end :].startswith("\u0301")


def test_no_terms_without_words() -> None:
    assert terms_of("...") == []
