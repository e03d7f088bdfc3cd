"""Cut the characters of a batch into tokens: words, emoji, runs of punctuation; and find what is negated.

A token knows its characters, its text, its sentence, and the negator that governs it. Negation reaches a few
words and ends with the clause ("not very good, but friendly": good is negated, friendly is not).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis_service.text.characters import BREAK, EMOJI, SPACE, WORD, Characters

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEGATION_REACH: Final = 4  # words
# Written as they look after folding: n't has lost its apostrophe; "didn t" is what some exports make of it.
NEGATORS: Final = (
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "hardly", "barely",
    "scarcely", "cannot", "cant", "dont", "didnt", "doesnt", "isnt", "wasnt", "werent", "arent", "wont", "wouldnt",
    "couldnt", "shouldnt", "hasnt", "havent", "hadnt", "aint", "mustnt", "neednt", "didn", "doesn", "isn", "wasn",
    "weren", "aren", "wouldn", "couldn", "shouldn", "hasn", "haven", "hadn", "don", "lack", "lacks", "lacked",
    "lacking",
)  # fmt: skip
# A contrast ends a negation and starts a new statement.
CONTRASTS: Final = ("but", "however", "although", "though", "except", "whereas", "nevertheless", "nonetheless")
_SENTENCE_ENDS: Final = ".!?…。！？؟।;"
_CLAUSE_ENDS: Final = _SENTENCE_ENDS + ",:،、()–—"

_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a batch in reading order; every array has one entry a token.

    `start`, `end` half-open places in Characters · `owner` text · `kind` WORD, EMOJI or PUNCTUATION · `hash`
    of the folded token · `sentence` counts up through the batch · `negator` index of the governing token or -1 ·
    `contrast` whether it is a word such as but · `repeated` whether the text had this token
    (and as negated as now) before.
    """

    start: Numbers
    end: Numbers
    owner: Numbers
    kind: NDArray[np.uint8]
    hash: Hashes
    sentence: Numbers
    negator: Numbers
    contrast: Flags
    repeated: Flags


def mix(value: Hashes) -> Hashes:
    """The finaliser of SplitMix64: spreads every input bit over every output bit."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


@cache
def _powers(count: int) -> Hashes:
    """_BASE to the powers 0 … count - 1, wrapping."""
    factors = np.full(count, _BASE, dtype=np.uint64)
    factors[:1] = 1
    return np.multiply.accumulate(factors)


def word_hash(word: str) -> int:
    """Hash of one folded word, as the batch code computes it."""
    codes = np.frombuffer(word.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    return int(mix(np.add.reduce((codes + np.uint64(1)) * _powers(len(codes)), keepdims=True))[0])


@cache
def _hash_set(words: tuple[str, ...]) -> Hashes:
    return np.sort(np.array([word_hash(word) for word in words], dtype=np.uint64))


def is_one_of(hashes: Hashes, words: tuple[str, ...]) -> Flags:
    """Which of the token hashes are of one of `words` (written folded)."""
    return is_in(hashes, _hash_set(words))


def is_in(hashes: Hashes, known: Hashes) -> Flags:
    """Which hashes are in the sorted, non-empty `known`."""
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    found: Flags = known[places] == hashes
    return found


@cache
def _sign_flags(signs: str) -> NDArray[np.bool_]:
    """A look-up by code point, up to U+FFFF."""
    flags = np.zeros(0x10000, dtype=np.bool_)
    flags[[ord(sign) for sign in signs]] = True
    return flags


def cut(characters: Characters) -> Tokens:
    """Tokens of a batch: maximal runs of word characters, of punctuation, and single emoji."""
    classes, codes = characters.classes, characters.codes
    count = len(codes)
    blank = (classes == SPACE) | (classes == BREAK)
    starts_here = ~blank
    starts_here[1:] &= (classes[1:] != classes[:-1]) | (classes[1:] == EMOJI)
    start = np.flatnonzero(starts_here)
    if len(start) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Tokens(
            none,
            none,
            none,
            none.astype(np.uint8),
            none.astype(np.uint64),
            none,
            none,
            none.astype(np.bool_),
            none.astype(np.bool_),
        )
    ends_here = ~blank
    ends_here[:-1] &= (classes[1:] != classes[:-1]) | (classes[1:] == EMOJI)
    end = np.flatnonzero(ends_here) + 1

    # Hash of a token: sum of code × base^(place in the token), wrapping; one prefix sum serves all tokens.
    token_of = np.cumsum(starts_here) - 1
    place = np.arange(count) - start[np.maximum(token_of, 0)]
    place[blank] = 0
    terms = (codes.astype(np.uint64) + np.uint64(1)) * _powers(1 << int(place.max() + 1).bit_length())[place]
    terms[blank] = 0
    sums = np.zeros(count + 1, dtype=np.uint64)
    np.cumsum(terms, out=sums[1:])
    hashes = mix(sums[end] - sums[start])

    kind = classes[start]
    owner = characters.owner[start]
    word = kind == WORD
    inside = np.minimum(codes, 0xFFFF)
    line_end = classes == BREAK
    sentence_end = _outside_numbers(_sign_flags(_SENTENCE_ENDS)[inside], codes) | line_end
    clause_end = _outside_numbers(_sign_flags(_CLAUSE_ENDS)[inside], codes) | line_end
    sentence = np.cumsum(_ends_before(sentence_end, start), dtype=np.int64)
    contrast = word & is_one_of(hashes, CONTRASTS)
    clause = np.cumsum(_ends_before(clause_end, start) | contrast, dtype=np.int64)
    negator = _governing(word & is_one_of(hashes, NEGATORS), word, clause)
    repeated = _repeated(hashes, owner, negator >= 0)
    return Tokens(start, end, owner, kind, hashes, sentence, negator, contrast, repeated)


def _repeated(hashes: Hashes, owner: Numbers, negated: Flags) -> Flags:
    """All but the first of equal tokens of one text. 64 bits of hash: a false match once in 10^12 long texts."""
    keys = mix(hashes ^ (owner.astype(np.uint64) * _MIX_1)) + negated.astype(np.uint64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    again: Flags = np.zeros(len(keys), dtype=np.bool_)
    again[order[1:]] = ordered[1:] == ordered[:-1]
    return again


def _ends_before(signs: Flags, start: Numbers) -> Flags:
    """For each token, whether a flagged character lies in the token before it or between that and itself."""
    seen = np.concatenate(([0], np.cumsum(signs)))
    at = seen[start]
    ends = np.zeros(len(start), dtype=np.bool_)
    ends[1:] = at[1:] != at[:-1]
    return ends


def _outside_numbers(signs: Flags, codes: NDArray[np.uint32]) -> Flags:
    """The flags without those between two digits: 4.5 ends no sentence."""
    digit = (codes >= ord("0")) & (codes <= ord("9"))
    kept = signs.copy()
    kept[1:-1] &= ~(digit[:-2] & digit[2:])
    return kept


def _governing(is_negator: Flags, is_word: Flags, clause: Numbers) -> Numbers:
    """Index of the negator that governs each word, or -1: the nearest before it, in its clause, within reach."""
    index = np.arange(len(clause))
    last = np.maximum.accumulate(np.where(is_negator, index, -1))
    before = np.concatenate(([-1], last[:-1]))  # a negator may itself be governed, never by itself
    words_so_far = np.cumsum(is_word)
    safe = np.maximum(before, 0)
    governed = (
        (before >= 0)
        & is_word
        & ~is_negator
        & (clause[safe] == clause)
        & (words_so_far - words_so_far[safe] <= NEGATION_REACH)
    )
    return np.where(governed, before, -1)
