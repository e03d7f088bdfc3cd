"""The training matrix holds what the service computes: counts in units, own features of repeats once."""

from __future__ import annotations

import numpy as np

from analysis_service.text.features import COLUMNS
from analysis_service.training.design import design, salt_of


def test_shape_and_sums() -> None:
    matrix = design(["good", "", "good good"], ["en", "en", "en"])
    assert matrix.shape == (3, COLUMNS)
    word_and_grams = 2 + 3 + 4
    assert matrix.sum(axis=1).ravel().tolist()[0] == [word_and_grams, 0, word_and_grams + 2]


def test_batches_change_nothing() -> None:
    texts = [f"text number {number} is not so bad" for number in range(1100)]
    whole = design(texts, ["en"] * len(texts))
    alone = design(texts[700:701], ["en"])
    assert np.array_equal(whole[700].toarray(), alone.toarray())


def test_languages_are_salted_apart() -> None:
    assert salt_of("en") == 0
    assert len({salt_of(code) for code in ("en", "th", "id", "de")}) == 4
    english, thai = design(["good", "good"], ["en", "th"])
    assert english.multiply(thai).nnz == 0
