"""The terms that weighed most in a text, with their place in the original string.

A term is a word, an emoji, or neighbouring words that weighed alike; a negated word is shown with its negation
("not helpful"). In scripts without spaces a whole run is one token: there the strongest part of it is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis_service.text.artifacts import NEGATIVE, POSITIVE, SentimentWeights
from analysis_service.text.characters import EMOJI, WORD, Characters
from analysis_service.text.features import Features
from analysis_service.text.sentiment import Floats
from analysis_service.text.tokens import Tokens

MOST: Final = 5
LEAST_PULL: Final = 0.15  # in raw logits; weaker than this is noise
LONGEST_TOKEN: Final = 24  # characters
LONGEST_TERM: Final = 100  # characters; what is longer ("aaaa…") is cut
_WINDOW: Final = 10


@dataclass(frozen=True, slots=True)
class Term:
    """`text` is [start, end) of the annotated string; `weight` above 0 spoke for positive, below 0 for negative."""

    text: str
    start: int
    end: int
    weight: float


def strongest(
    texts: Sequence[str],
    characters: Characters,
    tokens: Tokens,
    features: tuple[Features, ...],
    *,
    pulls: Floats,
    weights: SentimentWeights,
) -> list[list[Term]]:
    """Up to MOST terms of each text, the strongest first. `pulls` as of `sentiment.pull`."""
    strength = np.abs(pulls)
    able = ((tokens.kind == WORD) | (tokens.kind == EMOJI)) & (strength >= LEAST_PULL)
    candidates = np.flatnonzero(able)
    ranked = candidates[np.lexsort((-strength[candidates], tokens.owner[candidates]))]
    owners = tokens.owner[ranked]
    firsts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1])) if len(owners) else owners
    rank = np.arange(len(ranked)) - np.repeat(firsts, np.diff(np.append(firsts, len(ranked))))
    chosen = np.sort(ranked[rank < MOST])

    # From here on a few tokens a text: plain numbers are faster than arrays.
    begin = characters.offsets[tokens.start[chosen]].tolist()
    finish = (characters.offsets[tokens.end[chosen] - 1] + 1).tolist()
    negators = tokens.negator[chosen]
    reach = np.where(negators >= 0, characters.offsets[tokens.start[np.maximum(negators, 0)]], -1).tolist()
    sizes = (tokens.end[chosen] - tokens.start[chosen]).tolist()
    found: list[list[Term]] = [[] for _ in texts]
    spans: list[list[tuple[int, int, float]]] = [[] for _ in texts]
    previous = -2
    for place, (token, owner, weight) in enumerate(
        zip(chosen.tolist(), tokens.owner[chosen].tolist(), pulls[chosen].tolist(), strict=True)
    ):
        start, end = begin[place], finish[place]
        if sizes[place] > LONGEST_TOKEN:
            start, end = _strongest_part(characters, tokens, features, weights, token)
        elif 0 <= reach[place] < start:
            start = reach[place]
        mine = spans[owner]
        touches = bool(mine) and (start <= mine[-1][1] or (token == previous + 1 and sizes[place] <= LONGEST_TOKEN))
        if touches and (weight > 0) == (mine[-1][2] > 0):
            mine[-1] = (min(start, mine[-1][0]), max(end, mine[-1][1]), mine[-1][2] + weight)
        elif touches and start <= mine[-1][1]:
            mine.append((begin[place], end, weight))
        else:
            mine.append((start, end, weight))
        previous = token
    for owner, mine in enumerate(spans):
        if mine:
            text = texts[owner]
            mine.sort(key=_strength)
            found[owner] = [_term(text, *span) for span in mine]
    return found


def _term(text: str, start: int, end: int, weight: float) -> Term:
    end = min(end, start + LONGEST_TERM)
    if not text.isascii():
        end = _with_marks(text, end)
    return Term(text[start:end], start, end, round(weight, 3))


def _strength(span: tuple[int, int, float]) -> float:
    return -abs(span[2])


def _with_marks(text: str, end: int) -> int:
    """The end moved past combining marks, variation selectors and skin tones that belong to the last character."""
    while end < len(text) and (unicodedata.category(text[end])[0] == "M" or unicodedata.category(text[end]) == "Sk"):
        end += 1
    return end


def _strongest_part(
    characters: Characters, tokens: Tokens, features: tuple[Features, ...], weights: SentimentWeights, token: int
) -> tuple[int, int]:
    """Offsets of the _WINDOW characters of a long token that pull most; its 3-grams are in order, one a character."""
    first, last = int(tokens.start[token]), int(tokens.end[token])
    kind = next(kind for kind in features if kind.own and len(kind.token) and _is_threes(kind, token, last - first))
    low = int(np.searchsorted(kind.token, token))
    picked = weights.matrix[kind.column[low : low + last - first]].astype(np.int64)
    pulls = np.convolve(picked[:, POSITIVE] - picked[:, NEGATIVE], np.ones(_WINDOW, dtype=np.int64), "valid")
    best = first + int(np.argmax(np.abs(pulls)))
    return int(characters.offsets[best]), int(characters.offsets[best + _WINDOW - 1]) + 1


def _is_threes(kind: Features, token: int, size: int) -> bool:
    low, high = np.searchsorted(kind.token, [token, token + 1])
    return int(high - low) == size
