"""Our own training sentences: always the same ones, all labels, nothing contradictory."""

from __future__ import annotations

from collections import Counter

from analysis_service.training.own_sentences import sentences, words


def test_the_same_sentences_every_time() -> None:
    assert sentences() == sentences()


def test_each_once_and_enough_of_every_label() -> None:
    made = sentences()
    assert len({text for text, _ in made}) == len(made)
    counts = Counter(label for _, label in made)
    assert min(counts[label] for label in ("negative", "neutral", "positive")) > 1000


def test_the_lists_do_not_contradict_one_another() -> None:
    known = words()
    praise, blame, fact = (set(known[name]) for name in ("praise", "blame", "fact"))
    assert praise.isdisjoint(blame | fact)
    assert blame.isdisjoint(fact)
    assert set(known["good"]).isdisjoint(known["bad"])
    assert set(known["good_emoji"]).isdisjoint(known["bad_emoji"])


def test_negation_is_taught_both_ways() -> None:
    labels = dict(sentences())
    assert labels["not helpful"] == "negative"
    assert labels["not bad"] == "positive"
