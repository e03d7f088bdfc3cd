"""Figures of a classifier (pure): accuracy, macro-F1, calibration error, bootstrap intervals, rank correlation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]
Floats = NDArray[np.float64]
RESAMPLES: Final = 500


def accuracy(truth: Classes, found: Classes) -> float:
    """Share of right answers, 0…1."""
    return float((truth == found).mean())


def macro_f1(truth: Classes, found: Classes) -> float:
    """Mean F1 over the classes that occur in `truth`, 0…1."""
    scores = []
    for one in np.unique(truth):
        right = float(((truth == one) & (found == one)).sum())
        asked = float((truth == one).sum() + (found == one).sum())
        scores.append(2 * right / asked if asked else 0.0)
    return float(np.mean(scores))


def calibration_error(truth: Classes, probabilities: Floats, bins: int = 15) -> float:
    """Expected calibration error of the winning class, equal-width bins (Guo et al. 2017), 0…1."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((top * bins).astype(np.int64), bins - 1)
    error = 0.0
    for one in np.unique(place):
        inside = place == one
        error += float(inside.mean()) * abs(float(right[inside].mean()) - float(top[inside].mean()))
    return error


def spearman(first: Floats, second: Floats) -> float:
    """Rank correlation −1…1, ties with mean ranks; 0 where all values of one side are equal."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = (ends - (counts - 1) / 2)[inverse]
    return ranks


def interval(measure: Callable[[NDArray[np.int64]], float], size: int, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of `measure(rows)` over `size` rows."""
    chance = np.random.default_rng(seed)
    found = [measure(chance.integers(0, size, size)) for _ in range(RESAMPLES)]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
