"""Sentiment of texts and of their statements, from one linear model over hashed features.

A feature's weight counts for its token; the logits of any span are the sums over its tokens divided by the
square root of the summed squared idf. All sums are of whole numbers, so they are exact: a text gets the same
bytes whatever stands beside it in the batch, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis_service.text.artifacts import NEGATIVE, NORM, POSITIVE, SentimentWeights
from analysis_service.text.features import Features
from analysis_service.text.tokens import Flags, Numbers, Tokens

Floats = NDArray[np.float64]

MIXED_SURE: Final = 0.7
MIXED_SHARE: Final = 0.15
MIXED_WHOLE: Final = 0.9
MIXED_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each token says: `once` (tokens + 1) × 4 prefix sums with repeated tokens counted once a text,
    `every` the same with each occurrence, for parts of a text."""

    once: Numbers
    every: Numbers


def weigh(tokens: Tokens, features: tuple[Features, ...], weights: SentimentWeights) -> Evidence:
    """Sum the weights of all features of a batch up to each token."""
    count = len(tokens.start)
    own = np.zeros((count, 4), dtype=np.int64)
    shared = np.zeros((count, 4), dtype=np.int64)
    # Four int16 are read as one int64: five times as fast as picking rows.
    packed = weights.matrix.view(np.int64)[:, 0]
    for kind in features:
        if len(kind.token) == 0:
            continue
        picked = packed[kind.column].view(np.int16).reshape(-1, 4)
        counts = np.bincount(kind.token, minlength=count)
        ends = np.cumsum(counts)
        target = own if kind.own else shared
        for column in range(4):
            sums = np.zeros(len(picked) + 1, dtype=np.int64)
            np.cumsum(picked[:, column], dtype=np.int64, out=sums[1:])
            target[:, column] += (sums[ends] - sums[ends - counts]) * kind.units
    return Evidence(_prefix(own * ~tokens.repeated[:, None] + shared), _prefix(own + shared))


def _prefix(values: Numbers) -> Numbers:
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def logits(sums: Numbers, weights: SentimentWeights) -> Floats:
    """n × 3 raw logits (negative, neutral, positive) of n spans from their n × 4 sums."""
    length = np.sqrt(np.maximum(sums[:, NORM], 1) * weights.norm_unit)
    scaled: Floats = sums[:, :3] * (weights.logit_unit / length)[:, None]
    return scaled


def probabilities(raw: Floats, slope: Floats, bias: Floats) -> Floats:
    """softmax(raw × slope + bias), row by row."""
    calibrated = raw * slope[:, None] + bias
    calibrated -= calibrated.max(axis=1, keepdims=True)
    odds = np.exp(calibrated)
    result: Floats = odds / odds.sum(axis=1, keepdims=True)
    return result


def pull(evidence: Evidence, first: Numbers, last: Numbers, owner: Numbers, weights: SentimentWeights) -> Floats:
    """How far each token moves its text towards positive (above 0) or negative, in raw logits.

    `first`, `last` half-open token spans of the texts, `owner` the text of each token.
    """
    sums = evidence.once[last] - evidence.once[first]
    length = np.sqrt(np.maximum(sums[:, NORM], 1) * weights.norm_unit)
    each = np.diff(evidence.once, axis=0)
    pulled: Floats = (each[:, POSITIVE] - each[:, NEGATIVE]) * (weights.logit_unit / length)[owner]
    return pulled


def is_mixed(
    owner: Numbers, statement_probabilities: Floats, statement_words: Numbers, text_probabilities: Floats
) -> Flags:
    """Which texts say both good and bad things.

    Surely positive and surely negative statements must each hold a share of the words, and the whole must not be
    overwhelmingly one of the two: a rave with one complaint is a rave. `owner` is the text of each statement.
    The three numbers were chosen on held-out texts whose readers marked praised and blamed aspects: of the texts
    called mixed 7 in 10 had both; of plainly positive or negative short texts 1 in 100 is called mixed.
    """
    texts = len(text_probabilities)
    words = np.maximum(np.bincount(owner, weights=statement_words, minlength=texts), 1)
    able = np.where(statement_words >= MIXED_WORDS, statement_words, 0)
    praised = np.bincount(owner, weights=able * (statement_probabilities[:, POSITIVE] >= MIXED_SURE), minlength=texts)
    blamed = np.bincount(owner, weights=able * (statement_probabilities[:, NEGATIVE] >= MIXED_SURE), minlength=texts)
    overwhelming = np.maximum(text_probabilities[:, POSITIVE], text_probabilities[:, NEGATIVE]) >= MIXED_WHOLE
    mixed: Flags = (np.minimum(praised, blamed) >= MIXED_SHARE * words) & ~overwhelming
    return mixed
