"""What customers' words mean: language, sentiment with calibrated probabilities, and the terms that weighed most.

A batch goes through in numpy as one array of characters: fold, cut into tokens, tell the language, hash features,
sum weights, calibrate, look at each statement. Nothing is ever guessed: where sentiment cannot be told, it is None
and `reason` says why. The result for a text does not depend on the batch it came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis_service.text import language as identification
from analysis_service.text.artifacts import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Calibration,
    SentimentWeights,
    sentiment_weights,
)
from analysis_service.text.characters import EMOJI, WORD, Characters, read
from analysis_service.text.features import hash_features
from analysis_service.text.sentiment import Evidence, Floats, is_mixed, logits, probabilities, pull, weigh
from analysis_service.text.statements import Statements, split
from analysis_service.text.terms import Term, strongest
from analysis_service.text.tokens import Numbers, Tokens, cut, is_in

Label = Literal["positive", "neutral", "negative", "mixed"]
LABELS: Final[tuple[Label, ...]] = ("negative", "neutral", "positive")
NO_TEXT: Final = "no_text"
"""Nothing to read: empty, or only punctuation, digits, links or placeholders."""
EMOJI_ONLY: Final = "emoji_only"
"""Only emoji, and none that says something clear."""
LANGUAGE_UNSUPPORTED: Final = "language_unsupported"
LANGUAGE_UNKNOWN: Final = "language_unknown"
"""There are words, but of which language cannot be told."""

CHUNK_CHARACTERS: Final = 200_000  # bounds memory at some 60 MB however large the batch is
CHUNK_TEXTS: Final = 1_000
_ANY_LANGUAGE: Final = "en"  # emoji carry no salt: the calibration of English speaks for them


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Sentiment of a text. `score` −1…1 is P(positive) − P(negative); `probabilities` sum to 1."""

    label: Label
    score: float
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one text means. Exactly one of `sentiment` and `reason` is None."""

    language: str | None
    sentiment: Sentiment | None
    reason: str | None
    terms: list[Term]
    model: str


def annotate(
    texts: Sequence[str], languages: Sequence[str | None], weights: SentimentWeights | None = None
) -> list[Annotation]:
    """Annotations of `texts`, in their order. `languages` are what the senders told, or None.

    Without `weights` the shipped model speaks. Raises ValueError if the two sequences differ in length, and
    nothing else, whatever the texts hold.
    """
    if len(texts) != len(languages):
        raise ValueError("texts and languages differ in length")
    model = weights or sentiment_weights()
    found: list[Annotation] = []
    for first, last in _chunks(texts):
        found.extend(_annotate(texts[first:last], languages[first:last], model))
    return found


def supported_languages() -> frozenset[str]:
    """Codes of the languages whose sentiment the shipped model can tell."""
    return frozenset(sentiment_weights().languages)


def _chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    first = size = 0
    for index, text in enumerate(texts):
        if index > first and (size + len(text) > CHUNK_CHARACTERS or index - first >= CHUNK_TEXTS):
            yield first, index
            first, size = index, 0
        size += len(text)
    if texts:
        yield first, len(texts)


def _annotate(texts: Sequence[str], told: Sequence[str | None], model: SentimentWeights) -> list[Annotation]:
    characters = read(texts)
    tokens = cut(characters)
    count = len(texts)
    is_word = (tokens.kind == WORD) & _has_letter(characters, tokens)
    words = np.bincount(tokens.owner[is_word], minlength=count)
    emoji = np.bincount(tokens.owner[tokens.kind == EMOJI], minlength=count)
    english = np.bincount(tokens.owner[is_word & is_in(tokens.hash, model.english)], minlength=count)
    shares = english / np.maximum(words, 1)
    languages = identification.detect(texts, told, shares.tolist(), words.tolist())
    reasons = [
        _reason(language, word_count, emoji_count, model)
        for language, word_count, emoji_count in zip(languages, words.tolist(), emoji.tolist(), strict=True)
    ]

    fitting = [model.languages.get(language or "", model.languages[_ANY_LANGUAGE]) for language in languages]
    salts = np.array([one.salt for one in fitting], dtype=np.uint64)
    features = hash_features(characters, tokens, salts)
    evidence = weigh(tokens, features, model)
    last = np.cumsum(np.bincount(tokens.owner, minlength=count))
    first = np.concatenate(([0], last[:-1]))
    slope = np.array([one.slope for one in fitting])
    bias = np.array([one.bias for one in fitting])
    odds = probabilities(logits(evidence.once[last] - evidence.once[first], model), slope, bias)
    mixed = _mixed(split(tokens), evidence, odds=odds, bias=bias, fitting=fitting, model=model)
    terms = strongest(
        texts, characters, tokens, features, pulls=pull(evidence, first, last, tokens.owner, model), weights=model
    )

    found: list[Annotation] = []
    rows = np.round(odds, 4).tolist()
    for index, row in enumerate(rows):
        reason = reasons[index]
        if reason == EMOJI_ONLY and max(row[NEGATIVE], row[POSITIVE]) >= _CLEAR_EMOJI:
            reason = None
        if reason is not None:
            found.append(Annotation(languages[index], None, reason, [], model.name))
            continue
        label: Label = "mixed" if mixed[index] else LABELS[row.index(max(row))]
        sentiment = Sentiment(
            label,
            round(row[POSITIVE] - row[NEGATIVE], 4),
            {"positive": row[POSITIVE], "neutral": row[NEUTRAL], "negative": row[NEGATIVE]},
        )
        found.append(Annotation(languages[index], sentiment, None, terms[index], model.name))
    return found


_CLEAR_EMOJI: Final = 0.6


def _has_letter(characters: Characters, tokens: Tokens) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which tokens hold something that is no ASCII digit."""
    digit = (characters.codes >= ord("0")) & (characters.codes <= ord("9"))
    other = np.concatenate(([0], np.cumsum(~digit)))
    return np.asarray(other[tokens.end] > other[tokens.start])


def _reason(language: str | None, words: int, emoji: int, model: SentimentWeights) -> str | None:
    """Why sentiment cannot be told, or None."""
    if words == 0:
        return EMOJI_ONLY if emoji else NO_TEXT
    if language is None:
        return LANGUAGE_UNKNOWN
    return None if language in model.languages else LANGUAGE_UNSUPPORTED


def _mixed(
    statements: Statements,
    evidence: Evidence,
    *,
    odds: Floats,
    bias: Floats,
    fitting: Sequence[Calibration],
    model: SentimentWeights,
) -> list[bool]:
    """Which texts say both good and bad things, statement by statement."""
    slope = np.array([one.statement_slope for one in fitting])[statements.owner]
    raw = logits(evidence.every[statements.last] - evidence.every[statements.first], model)
    each = probabilities(raw, slope, bias[statements.owner])
    mixed: list[bool] = is_mixed(statements.owner, each, statements.words, odds).tolist()
    return mixed


__all__ = ["Annotation", "Numbers", "Sentiment", "Term", "annotate", "supported_languages"]
