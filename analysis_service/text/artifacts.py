"""The trained weights that ship with the service: plain arrays, checked once against their sha256, memory-mapped.

No pickle: `sentiment.npy` is one int16 matrix, `english.npy` hashes of common English words, `sentiment.json`
what they mean. `python -m analysis_service.training.fit_sentiment` writes all three.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis_service.text.features import COLUMNS

FOLDER: Final = Path(__file__).parent / "weights"
NEGATIVE, NEUTRAL, POSITIVE, NORM = range(4)
"""Columns of the weight matrix: a logit for each class, and the squared idf that the length is made of."""


class ArtifactBroken(Exception):
    """The shipped weights are missing or not what their description says; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the raw logits of one language become probabilities: softmax(logits × slope + bias)."""

    salt: int
    slope: float
    bias: tuple[float, float, float]
    statement_slope: float


@dataclass(frozen=True, slots=True)
class SentimentWeights:
    """The linear sentiment model. `matrix` is COLUMNS × 4 int16; `logit_unit`, `norm_unit` are one step of it."""

    name: str
    matrix: NDArray[np.int16]
    logit_unit: float
    norm_unit: float
    languages: Mapping[str, Calibration]
    english: NDArray[np.uint64]
    """Sorted hashes of common English words."""


@cache
def sentiment_weights(folder: Path = FOLDER) -> SentimentWeights:
    """The shipped model, loaded and checked once a process. Raises ArtifactBroken."""
    try:
        described = json.loads((folder / "sentiment.json").read_text("utf-8"))
        for file, digest in described["files"].items():
            if hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest:
                raise ArtifactBroken(f"{file} is not the file that sentiment.json describes: check out both again.")
        matrix = np.load(folder / "sentiment.npy", mmap_mode="r", allow_pickle=False)
        english = np.load(folder / "english.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, KeyError) as broken:
        raise ArtifactBroken("The sentiment weights cannot be read: `make train` builds them again.") from broken
    if matrix.shape != (COLUMNS, 4) or matrix.dtype != np.int16:
        raise ArtifactBroken("The sentiment weights have another shape than this code: `make train` builds them again.")
    return SentimentWeights(
        f"{described['name']}-{described['version']}",
        matrix,
        described["logit_unit"],
        described["norm_unit"],
        {language: _calibration(one) for language, one in described["languages"].items()},
        english,
    )


def _calibration(one: dict[str, Any]) -> Calibration:
    negative, neutral, positive = one["bias"]
    return Calibration(one["salt"], one["slope"], (negative, neutral, positive), one["statement_slope"])
