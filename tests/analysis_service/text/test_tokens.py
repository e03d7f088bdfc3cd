"""Tokens and what is negated: a negator reaches a few words and no further than its clause."""

from __future__ import annotations

import pytest

from analysis_service.text.characters import read
from analysis_service.text.tokens import NEGATORS, cut, is_in, mix, word_hash


def tokens_of(text: str) -> list[str]:
    characters = read([text])
    tokens = cut(characters)
    folded = "".join(map(chr, characters.codes.tolist()))
    return [folded[start:end] for start, end in zip(tokens.start.tolist(), tokens.end.tolist(), strict=True)]


def negated(text: str) -> list[str]:
    tokens = cut(read([text]))
    return [word for word, negator in zip(tokens_of(text), tokens.negator.tolist(), strict=True) if negator >= 0]


def test_words_emoji_and_runs_of_signs() -> None:
    assert tokens_of("Great app!!! 👍👍 :) 4/5") == ["great", "app", "!!", "👍", "👍", ":)", "4", "/", "5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not good", ["good"]),
        ("it was not very good, but friendly", ["very", "good"]),
        ("didn't work. good", ["work"]),
        ("not good but fast", ["good"]),
        ("no one two three four five", ["one", "two", "three", "four"]),
        ("good", []),
        ("not\ngood", []),
        ("never ever again", ["ever", "again"]),
    ],
)
def test_negation_reaches_a_few_words_of_its_clause(text: str, expected: list[str]) -> None:
    assert negated(text) == expected


def test_negation_never_crosses_into_the_next_text() -> None:
    tokens = cut(read(["not", "good"]))
    assert tokens.negator.tolist() == [-1, -1]


def test_a_decimal_point_ends_no_sentence() -> None:
    assert len(set(cut(read(["4.5 stars"])).sentence.tolist())) == 1
    assert len(set(cut(read(["One. Two"])).sentence.tolist())) == 2


def test_repeated_tokens_are_marked_once_seen_and_negated_ones_are_others() -> None:
    tokens = cut(read(["good good not good", "good"]))
    assert tokens.repeated.tolist() == [False, True, False, False, False]


def test_the_hash_of_a_word_does_not_depend_on_where_it_stands() -> None:
    first = cut(read(["good"])).hash[0]
    assert cut(read(["so very good"])).hash[2] == first == word_hash("good")
    assert word_hash("good") != word_hash("goode")


def test_no_two_negators_collide() -> None:
    assert len({word_hash(word) for word in NEGATORS}) == len(NEGATORS)


def test_nothing_at_all() -> None:
    assert len(cut(read([""])).start) == 0


def test_look_up_in_a_sorted_set() -> None:
    known = cut(read(["apple pear"])).hash
    known.sort()
    assert is_in(cut(read(["pear plum"])).hash, known).tolist() == [True, False]


def test_mixing_changes_every_value() -> None:
    hashes = cut(read(["apple pear plum"])).hash
    assert len(set(mix(hashes).tolist()) | set(hashes.tolist())) == 6
