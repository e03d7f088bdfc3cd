"""Features depend on the text alone: not on its neighbours in the batch, and on its language by a salt."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_service.text.characters import read
from analysis_service.text.features import COLUMNS, hash_features
from analysis_service.text.tokens import cut

TEXTS = ["The staff was not helpful!", "", "👍", "Great, really great", "ok", "รสชาติดีมาก"]


def columns(texts: list[str], index: int, salt: int = 0) -> list[int]:
    characters = read(texts)
    tokens = cut(characters)
    salts = np.full(len(texts), salt, dtype=np.uint64)
    found: list[int] = []
    for kind in hash_features(characters, tokens, salts):
        assert np.all(np.diff(kind.token) >= 0)
        found.extend(kind.column[tokens.owner[kind.token] == index].tolist())
    assert all(0 <= column < COLUMNS for column in found)
    return sorted(found)


def test_a_text_has_the_same_features_in_any_batch() -> None:
    for index, text in enumerate(TEXTS):
        assert columns(TEXTS, index) == columns([text], 0)


def test_negation_changes_the_word() -> None:
    assert set(columns(["good"], 0)).isdisjoint(set(columns(["not good"], 0)) - set(columns(["not"], 0)))


def test_languages_share_emoji_and_no_words() -> None:
    assert columns(["👍"], 0, salt=1) == columns(["👍"], 0)
    assert set(columns(["helpful"], 0, salt=1)).isdisjoint(columns(["helpful"], 0))


def test_a_word_has_its_grams() -> None:
    # the word, " goo" good "ood ", " go" goo ood "od "
    assert len(columns(["good"], 0)) == 1 + 3 + 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=25), min_size=1, max_size=4))
def test_any_text_in_any_batch(texts: list[str]) -> None:
    for index, text in enumerate(texts):
        assert columns(texts, index) == columns([text], 0)
