"""Fit the shipped sentiment model: `python -m analysis_service.training.fit_sentiment --data ../shared/data/train`.

1. Read the licence-clean sets and our own sentences; split by a hash of the words.
2. Fit one multinomial logistic regression over the hashed features of all supported languages.
3. Calibrate per language on rows it was not fitted on (slope and bias), and the slope of statements.
4. Write the weights as int16, the common English words as hashes, and a description with their sha256.

Deterministic: the same data gives the same bytes on the same machine. About six minutes on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from analysis_service.text.artifacts import FOLDER
from analysis_service.text.characters import WORD, read
from analysis_service.text.features import COLUMN_BITS, COLUMNS
from analysis_service.text.tokens import cut
from analysis_service.training.corpora import (
    ENGLISH,
    LABELS,
    OTHERS,
    DataMissing,
    Example,
    examples,
    folder_of,
    part_of,
    say,
)
from analysis_service.training.design import design, salt_of
from analysis_service.training.own_sentences import sentences

NAME: Final = "cxloop-sentiment-linear"
VERSION: Final = "1"
# Languages whose held-out macro-F1 is 0.6 or more; see the model card for those that are not, and their figures.
LANGUAGES: Final = ("en", "id", "th")
OWN: Final = "own"

REGULARISATION: Final = 2.5  # sklearn's C
ITERATIONS: Final = 150
FULL_WEIGHT_ROWS: Final = 3000  # a set of n times as many rows has √n times the say, not n times
CLASS_BALANCE: Final = 0.5  # 0 as counted, 1 all classes equal
OWN_WEIGHT: Final = 0.5
NOT_FEEDBACK: Final = frozenset({"goemotions_ekman", "xed_en", "vader_nyt", "vader_movie", "cfpb_complaints"})
"""Learned from, but not calibrated on: their share of neutral texts is not that of customers' words."""
COMMON_ENGLISH: Final = 15_000
TRAIN, CALIBRATE = 850, 925


def gather(folder: Path) -> list[Example]:
    """All rows: the sets in the supported languages, then our own sentences."""
    rows = [row for row in examples(folder, ENGLISH + OTHERS) if row.language in LANGUAGES]
    return rows + [Example(text, LABELS.index(label), "en", OWN) for text, label in sentences()]


def row_weights(rows: list[Example]) -> NDArray[np.float64]:
    """The say of each row: sets damped by size, classes balanced half-way."""
    names = np.array([row.corpus for row in rows])
    labels = np.array([row.label for row in rows])
    weight = np.ones(len(rows))
    for name in np.unique(names):
        mine = names == name
        weight[mine] = OWN_WEIGHT if name == OWN else min(1.0, FULL_WEIGHT_ROWS / mine.sum()) ** 0.5
    totals = np.bincount(labels, weights=weight, minlength=3)
    balanced: NDArray[np.float64] = weight * ((totals.sum() / 3 / totals) ** CLASS_BALANCE)[labels]
    return balanced


def scaled(counts: sparse.csr_matrix, idf: NDArray[np.float64]) -> sparse.csr_matrix:
    """Counts × idf, each row divided by the root of its summed squared idf."""
    length = np.sqrt(np.maximum(counts @ (idf**2), 1e-9))
    return (sparse.diags(1 / length) @ counts.multiply(idf).tocsr()).tocsr().astype(np.float32)


def calibrate(raw: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """Slope and bias that maximise the likelihood of `labels`; the bias is drawn to 0 where rows are few."""

    def loss(parameters: NDArray[np.float64]) -> float:
        logits = raw * np.exp(parameters[0]) + parameters[1:]
        logits = logits - logits.max(axis=1, keepdims=True)
        likelihood = logits[np.arange(len(labels)), labels] - np.log(np.exp(logits).sum(axis=1))
        return float(-likelihood.mean() + 0.001 * (parameters[1:] ** 2).sum())

    best = optimize.minimize(loss, np.zeros(4), method="L-BFGS-B")
    return float(np.exp(best.x[0])), best.x[1:] - best.x[1:].mean()


def common_english(rows: list[Example]) -> NDArray[np.uint64]:
    """Sorted hashes of the words that most English texts share."""
    texts = [row.text for row in rows if row.language == "en" and row.corpus != OWN]
    hashes: list[NDArray[np.uint64]] = []
    for first in range(0, len(texts), 1000):
        tokens = cut(read(texts[first : first + 1000]))
        hashes.append(tokens.hash[(tokens.kind == WORD) & ~tokens.repeated])
    known, counts = np.unique(np.concatenate(hashes), return_counts=True)
    order = np.lexsort((known, -counts))[:COMMON_ENGLISH]
    return np.sort(known[order])


def fit(folder: Path, target: Path) -> dict[str, Any]:
    """Fit, calibrate and write everything into `target`; returns the description that was written."""
    began = time.monotonic()
    rows = gather(folder)
    labels = np.array([row.label for row in rows])
    languages = np.array([row.language for row in rows])
    parts = np.array([part_of(row.text) for row in rows])
    own = np.array([row.corpus == OWN for row in rows])
    learn = (parts < TRAIN) | own
    say(f"{len(rows)} rows, {int(learn.sum())} to learn from ({time.monotonic() - began:.0f} s)")
    counts = design([row.text for row in rows], languages.tolist())
    seen = np.asarray((counts[learn] > 0).sum(axis=0)).ravel()
    idf = np.where(seen >= 2, np.log((1 + learn.sum()) / (1 + seen)) + 1, 0.0)
    known = np.flatnonzero(idf)
    everything = scaled(counts[:, known], idf[known])
    say(f"{everything.nnz} entries in {len(known)} columns ({time.monotonic() - began:.0f} s)")

    regression = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS, tol=1e-4)
    learning = [row for row, mine in zip(rows, learn, strict=True) if mine]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is part of the recipe
        regression.fit(everything[learn], labels[learn], sample_weight=row_weights(learning))
    say(f"fitted in {int(regression.n_iter_[0])} iterations ({time.monotonic() - began:.0f} s)")

    weights = regression.coef_.T * idf[known, None]
    matrix = np.zeros((COLUMNS, 4), dtype=np.int16)
    logit_unit = float(np.abs(weights).max() / 32767)
    norm_unit = float((idf**2).max() / 32767)
    matrix[known, :3] = np.round(weights / logit_unit)
    matrix[:, 3] = np.round(idf**2 / norm_unit)
    raw = everything @ regression.coef_.T + regression.intercept_
    feedback = np.array([row.corpus not in NOT_FEEDBACK for row in rows])
    tuning = (parts >= TRAIN) & (parts < CALIBRATE) & ~own & feedback
    described: dict[str, Any] = {
        "name": NAME,
        "version": VERSION,
        "column_bits": COLUMN_BITS,
        "logit_unit": logit_unit,
        "norm_unit": norm_unit,
        "languages": {},
        "rows": {name: int(sum(row.corpus == name for row in rows)) for name in sorted({row.corpus for row in rows})},
    }
    for language in LANGUAGES:
        mine = tuning & (languages == language)
        slope, bias = calibrate(raw[mine], labels[mine])
        described["languages"][language] = {
            "salt": salt_of(language),
            "slope": slope,
            "bias": (bias + slope * regression.intercept_).tolist(),
            "statement_slope": slope,
        }
        say(f"{language}: slope {slope:.3f}, bias {np.round(bias, 3).tolist()} from {int(mine.sum())} rows")
    _write(target, matrix, common_english(rows), described)
    say(f"written ({time.monotonic() - began:.0f} s)")
    return described


def _write(target: Path, matrix: NDArray[np.int16], english: NDArray[np.uint64], described: dict[str, Any]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    np.save(target / "sentiment.npy", matrix, allow_pickle=False)
    np.save(target / "english.npy", english, allow_pickle=False)
    described["files"] = {
        name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in ("sentiment.npy", "english.npy")
    }
    (target / "sentiment.json").write_text(json.dumps(described, indent=1) + "\n", "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m analysis_service.training.fit_sentiment", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("CXLOOP_TRAIN_DATA"), help="folder of the training sets")
    parser.add_argument("--to", type=Path, default=FOLDER, help="where to write the weights")
    asked = parser.parse_args(arguments)
    try:
        fit(folder_of(asked.data, "CXLOOP_TRAIN_DATA"), asked.to)
    except DataMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
