"""The sparse matrix that the linear model is fitted on: exactly the features that the service computes.

A row is a text; an entry is units × count of a hashed feature, own features of a repeated token counted once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis_service.text.characters import read
from analysis_service.text.features import COLUMNS, hash_features
from analysis_service.text.tokens import cut

_TEXTS_AT_ONCE = 500


def salt_of(language: str) -> int:
    """The number that keeps one language's words apart from another's."""
    return 0 if language == "en" else int.from_bytes(language.encode()[:3], "big") * 0x9E3779B97F4A7C15 % (1 << 64)


def design(texts: Sequence[str], languages: Sequence[str]) -> sparse.csr_matrix:
    """len(texts) × COLUMNS counts, float32."""
    salts = np.array([salt_of(language) for language in languages], dtype=np.uint64)
    blocks: list[sparse.csr_matrix] = []
    for first in range(0, len(texts), _TEXTS_AT_ONCE):
        part = texts[first : first + _TEXTS_AT_ONCE]
        characters = read(part)
        tokens = cut(characters)
        rows: list[NDArray[np.int64]] = []
        columns: list[NDArray[np.int64]] = []
        units: list[NDArray[np.float32]] = []
        for kind in hash_features(characters, tokens, salts[first : first + _TEXTS_AT_ONCE]):
            counted = ~tokens.repeated[kind.token] if kind.own else np.ones(len(kind.token), dtype=np.bool_)
            rows.append(tokens.owner[kind.token[counted]])
            columns.append(kind.column[counted])
            units.append(np.full(int(counted.sum()), kind.units, dtype=np.float32))
        entries = (np.concatenate(units), (np.concatenate(rows), np.concatenate(columns)))
        blocks.append(sparse.csr_matrix(entries, shape=(len(part), COLUMNS)))
    return sparse.vstack(blocks, format="csr", dtype=np.float32)
