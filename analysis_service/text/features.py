"""Hash the tokens of a batch into feature columns: word 1-2 grams, skip-grams, char 3-4 grams, negated words.

Pure numpy over the whole batch. Columns depend on the token and its neighbours only, so a text has the same
features whatever stands beside it in the batch. Language enters as a salt: words of two languages do not
share weights, emoji and punctuation do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis_service.text.characters import WORD, Characters
from analysis_service.text.tokens import Hashes, Numbers, Tokens, mix

COLUMN_BITS: Final = 19
COLUMNS: Final = 1 << COLUMN_BITS
_SHIFT: Final = np.uint64(64 - COLUMN_BITS)

# How much one occurrence counts. Whole numbers, so that every sum is exact and needs no order. Twice the word
# for a character gram was found on held-out data: a word has some eight grams, and they drowned it.
WORD_UNITS: Final = 2
GRAM_UNITS: Final = 1

_BIGRAM: Final = np.uint64(0xD6E8FEB86659FD93)
_SKIPGRAM: Final = np.uint64(0xA3AAACAA2F6D1B4D)
_NEGATED: Final = np.uint64(0x7F4A7C159E3779B9)
_CHARS_3: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_CHARS_4: Final = np.uint64(0x165667B19E3779F9)
_STEP: Final = np.uint64(0x100000001B3)
_ZERO: Final = np.uint64(0)


@dataclass(frozen=True, slots=True)
class Features:
    """One kind of feature of a batch; entries ascend by token.

    `token` index into Tokens · `column` 0 … COLUMNS - 1 · `units` what each counts · `own` whether they are of
    the token alone (and so are not counted again when the token is repeated) or of it and its neighbours.
    """

    token: Numbers
    column: Numbers
    units: int
    own: bool


def hash_features(characters: Characters, tokens: Tokens, salts: Hashes) -> tuple[Features, ...]:
    """Every feature of a batch, by kind. `salts` has one number a text."""
    words = np.flatnonzero(tokens.kind == WORD)
    salt = np.where(tokens.kind == WORD, salts[tokens.owner], _ZERO)
    negation = np.where(tokens.negator >= 0, _NEGATED, _ZERO)
    salted = tokens.hash ^ salt
    found = [Features(np.arange(len(salted)), _column(salted ^ negation), WORD_UNITS, own=True)]

    for reach, key in ((1, _BIGRAM), (2, _SKIPGRAM)):
        left, right = words[:-reach], words[reach:]
        together = tokens.sentence[left] == tokens.sentence[right]  # sentences never span texts
        left, right = left[together], right[together]
        found.append(Features(right, _column(salted[left] * key + salted[right]), WORD_UNITS, own=False))

    twist = salt ^ negation
    for token, hashes in _character_grams(characters, tokens, words):
        found.append(Features(token, _column(hashes ^ twist[token]), GRAM_UNITS, own=True))
    return tuple(found)


def _column(hashes: Hashes) -> Numbers:
    return (mix(hashes) >> _SHIFT).astype(np.int64)


def _character_grams(characters: Characters, tokens: Tokens, words: Numbers) -> tuple[tuple[Numbers, Hashes], ...]:
    """3- and 4-grams inside a word and over its edges: " go", "goo", "ood", "od ", " goo", "good", "ood "."""
    is_word = characters.classes == WORD
    letters = np.where(is_word, characters.codes, ord(" ")).astype(np.uint64)
    token_of = np.zeros(len(letters), dtype=np.int64)
    token_of[tokens.start[words]] = words
    np.maximum.accumulate(token_of, out=token_of)
    middle = np.flatnonzero(is_word)  # a separator stands at either end of a batch, so -1 and +1 exist
    three = (letters[middle - 1] * _STEP + letters[middle]) * _STEP + letters[middle + 1]
    first = middle[:-1][np.diff(middle) == 1]
    four = ((letters[first - 1] * _STEP + letters[first]) * _STEP + letters[first + 1]) * _STEP + letters[first + 2]
    return (token_of[middle], three * _CHARS_3), (token_of[first], four * _CHARS_4)
