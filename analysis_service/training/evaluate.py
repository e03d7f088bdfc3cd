"""Measure the shipped sentiment model: `python -m analysis_service.training.evaluate --data ../shared/data/eval`.

Every text goes through `annotate`, as in the service, with no language told; a text it says nothing about counts as
wrong. `--train` adds the held-out part of the training sets. Prints a table; `--json FILE` keeps the figures.
The research-only sets are measured on here and trained on nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis_service.text import Annotation, annotate
from analysis_service.training.corpora import ENGLISH, OTHERS, DataMissing, examples, folder_of, part_of, rows_of, say
from analysis_service.training.figures import accuracy, calibration_error, interval, macro_f1, spearman
from analysis_service.training.fit_sentiment import CALIBRATE, LANGUAGES

LONGEST: Final = 4000
_CLASS: Final = {"negative": 0, "neutral": 1, "positive": 2}
THREE_WAY: Final = (
    "airline_tweets",
    "app_netflix",
    "alexa_reviews",
    "ba_reviews",
    "hotel_tripadvisor",
    "sst",
    "tweeteval_sentiment",
)
TWO_WAY: Final = ("amazon_polarity", "sst")
"""Measured on positive and negative texts only: the likelier of the two classes is taken."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Figures of one set; intervals are 95 % bootstrap. `silent`, `mixed`: share without sentiment, called mixed."""

    name: str
    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    calibration_error: float
    silent: float
    mixed: float


def _odds(annotations: Sequence[Annotation]) -> NDArray[np.float64]:
    """n × 3 probabilities; a row of a text without sentiment is all 0."""
    rows = np.zeros((len(annotations), 3))
    for place, one in enumerate(annotations):
        if one.sentiment is not None:
            rows[place] = [one.sentiment.probabilities[name] for name in _CLASS]
    return rows


def figure(name: str, texts: Sequence[str], labels: Sequence[int], two_way: bool = False) -> Figure:
    """Annotate and measure."""
    found = annotate(texts, [None] * len(texts))
    odds, truth = _odds(found), np.array(labels)
    said = odds.sum(axis=1) > 0
    if two_way:
        odds[:, 1] = 0.0
    chosen = np.where(said, odds.argmax(axis=1), -1)
    certain = odds[said] / odds[said].sum(axis=1, keepdims=True)
    return Figure(
        name,
        len(texts),
        accuracy(truth, chosen),
        interval(lambda rows: accuracy(truth[rows], chosen[rows]), len(truth)),
        macro_f1(truth, chosen),
        interval(lambda rows: macro_f1(truth[rows], chosen[rows]), len(truth)),
        calibration_error(truth[said], certain),
        float(1 - said.mean()),
        float(np.mean([one.sentiment is not None and one.sentiment.label == "mixed" for one in found])),
    )


def on_research_sets(folder: Path) -> tuple[list[Figure], dict[str, Any]]:
    """Figures on the sets nothing is trained on, and the rank correlation with customers' own 0-10 answers."""
    found: list[Figure] = []
    for name in THREE_WAY:
        rows = [row for row in rows_of(folder / f"{name}.jsonl") if row["label"] in _CLASS]
        found.append(figure(name, [row["text"][:LONGEST] for row in rows], [_CLASS[row["label"]] for row in rows]))
    for name in TWO_WAY:
        rows = [row for row in rows_of(folder / f"{name}.jsonl") if row["label"] in ("negative", "positive")]
        labels = [_CLASS[row["label"]] for row in rows]
        found.append(figure(f"{name} (2-way)", [row["text"][:LONGEST] for row in rows], labels, two_way=True))
    answers = list(rows_of(folder / "nps_telecom.jsonl"))
    odds = _odds(annotate([row["text"][:LONGEST] for row in answers], [None] * len(answers)))
    score, answer = odds[:, 2] - odds[:, 0], np.array([float(row["score"]) for row in answers])
    low, high = interval(lambda rows: spearman(score[rows], answer[rows]), len(answer))
    return found, {"n": len(answers), "spearman": spearman(score, answer), "interval": (low, high)}


def on_held_out(folder: Path) -> list[Figure]:
    """Figures on the rows of the training sets that were neither fitted nor calibrated on, per set and language."""
    rows = [row for row in examples(folder, ENGLISH + OTHERS) if part_of(row.text) >= CALIBRATE]
    rows = [row for row in rows if row.language in LANGUAGES]
    english = [row for row in rows if row.language == "en"]
    found = [figure("English, all sets", [row.text for row in english], [row.label for row in english])]
    for name in sorted({row.corpus for row in rows}):
        mine = [row for row in rows if row.corpus == name]
        found.append(figure(name, [row.text for row in mine], [row.label for row in mine]))
    return found


def on_mixed(folder: Path) -> dict[str, float]:
    """How well `mixed` is found: held-out restaurant reviews whose readers marked praised and blamed aspects."""
    rows = [row for row in examples(folder, ENGLISH) if row.corpus == "cebab" and part_of(row.text) >= CALIBRATE]
    found = annotate([row.text for row in rows], [None] * len(rows))
    called = np.array([one.sentiment is not None and one.sentiment.label == "mixed" for one in found])
    truly = np.array([row.both_ways for row in rows])
    both = float((called & truly).sum())
    return {
        "n": float(len(rows)),
        "truly": float(truly.sum()),
        "precision": both / max(float(called.sum()), 1.0),
        "recall": both / max(float(truly.sum()), 1.0),
    }


def speed(texts: Sequence[str], batch: int = 500) -> dict[str, float]:
    """Texts per second of process time on one core, texts of 15 to 25 words in batches of `batch`."""
    chosen = [text for text in texts if 15 <= len(text.split()) <= 25][:5000]
    annotate(chosen[:batch], [None] * len(chosen[:batch]))
    rates = []
    for _ in range(3):
        began = time.process_time()
        for first in range(0, len(chosen), batch):
            part = chosen[first : first + batch]
            annotate(part, [None] * len(part))
        rates.append(len(chosen) / (time.process_time() - began))
    return {"texts": len(chosen), "batch": batch, "texts_per_second": float(np.median(rates))}


def _show(title: str, figures: Sequence[Figure]) -> None:
    say(f"\n{title}\n| set | n | accuracy % | macro-F1 % | calibration error | silent % | mixed % |")
    say("|---|---|---|---|---|---|---|")
    for one in figures:
        right = f"{one.accuracy * 100:.1f} ({one.accuracy_interval[0] * 100:.1f}–{one.accuracy_interval[1] * 100:.1f})"
        score = f"{one.macro_f1 * 100:.1f} ({one.macro_f1_interval[0] * 100:.1f}–{one.macro_f1_interval[1] * 100:.1f})"
        rest = f"{one.calibration_error:.3f} | {one.silent * 100:.1f} | {one.mixed * 100:.1f}"
        say(f"| {one.name} | {one.n} | {right} | {score} | {rest} |")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m analysis_service.training.evaluate", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("CXLOOP_EVAL_DATA"), help="folder of the research-only sets")
    parser.add_argument("--train", default=os.environ.get("CXLOOP_TRAIN_DATA"), help="folder of the training sets")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    asked = parser.parse_args(arguments)
    try:
        folder = folder_of(asked.data, "CXLOOP_EVAL_DATA")
        research, answers = on_research_sets(folder)
        held_out = on_held_out(folder_of(asked.train, "CXLOOP_TRAIN_DATA")) if asked.train else []
        mixed = on_mixed(Path(asked.train)) if asked.train else {}
        rate = speed([row["text"] for row in rows_of(folder / "airline_tweets.jsonl")])
    except DataMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    _show("Never trained on", research)
    low, high = answers["interval"]
    say(f"\nSpearman with the customer's own 0-10: {answers['spearman']:.3f} ({low:.3f}–{high:.3f}), n {answers['n']}")
    if held_out:
        _show("Held-out part of the training sets", held_out)
        say(f"\nMixed: {mixed}")
    say(f"\n{rate['texts_per_second']:,.0f} texts/s a core (15-25 words, batches of {rate['batch']}, process time)")
    if asked.json:
        figures = {"research": research, "held_out": held_out}
        written: dict[str, Any] = {name: [asdict(one) for one in each] for name, each in figures.items()}
        asked.json.write_text(
            json.dumps({**written, "nps": answers, "mixed": mixed, "speed": rate}, indent=1) + "\n", "utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
