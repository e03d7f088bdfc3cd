"""The arithmetic of the linear model: exact sums, softmax, and when a text is mixed."""

from __future__ import annotations

import numpy as np
import pytest

from analysis_service.text.artifacts import sentiment_weights
from analysis_service.text.characters import read
from analysis_service.text.features import hash_features
from analysis_service.text.sentiment import is_mixed, logits, probabilities, pull, weigh
from analysis_service.text.tokens import cut
from analysis_service.training.design import design

TEXTS = ["Good good food, not good service!", "Never again 👎", "ok"]


def test_logits_are_what_training_saw() -> None:
    """The service's sums equal the product of the training matrix and the weights."""
    weights = sentiment_weights()
    characters = read(TEXTS)
    tokens = cut(characters)
    features = hash_features(characters, tokens, np.zeros(len(TEXTS), dtype=np.uint64))
    evidence = weigh(tokens, features, weights)
    last = np.cumsum(np.bincount(tokens.owner, minlength=len(TEXTS)))
    first = np.concatenate(([0], last[:-1]))
    found = logits(evidence.once[last] - evidence.once[first], weights)
    counts = design(TEXTS, ["en"] * len(TEXTS)).toarray()
    sums = counts @ weights.matrix.astype(np.float64)
    expected = sums[:, :3] * weights.logit_unit / np.sqrt(sums[:, 3:] * weights.norm_unit)
    assert found == pytest.approx(expected)
    pulls = pull(evidence, first, last, tokens.owner, weights)
    totals = np.bincount(tokens.owner, weights=pulls)
    assert totals == pytest.approx(expected[:, 2] - expected[:, 0])


def test_softmax_is_stable_and_sums_to_one() -> None:
    raw = np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]])
    found = probabilities(raw, np.ones(2), np.zeros((2, 3)))
    assert found.sum(axis=1) == pytest.approx([1, 1])
    assert found[0, 0] == pytest.approx(1)
    assert found[1] == pytest.approx([1 / 3] * 3)


def test_a_text_is_mixed_when_both_sides_hold_a_share_of_it() -> None:
    good, bad = [0.05, 0.05, 0.9], [0.9, 0.05, 0.05]
    each = np.array([good, bad, good, bad, good, bad])
    owner = np.array([0, 0, 1, 1, 2, 2])
    words = np.array([5, 5, 50, 3, 5, 1])
    whole = np.array([[0.4, 0.2, 0.4]] * 3)
    assert is_mixed(owner, each, words, whole).tolist() == [True, False, False]
    overwhelming = np.array([[0.02, 0.03, 0.95]] * 3)
    assert not is_mixed(owner, each, words, overwhelming).any()
