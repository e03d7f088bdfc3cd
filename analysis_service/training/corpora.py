"""The licence-clean sets that shipped weights may be trained on: names, licences, how to read them, how to split.

No text of any set is in the repository; the sets live outside it (`--data`). Research-only sets are never read
here: `evaluate` reads them by another door, for measuring only.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LABELS: Final = ("negative", "neutral", "positive")
LONGEST: Final = 4000  # characters of a text that are read
_CLASS: Final = {"neg": 0, "neu": 1, "pos": 2, "negative": 0, "neutral": 1, "positive": 2}
_EMOTION_CLASS: Final = {"anger": 0, "disgust": 0, "fear": 0, "sadness": 0, "neutral": 1, "joy": 2}
"""Surprise goes either way and is left out."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """One set. `from_memory`: nobody has read the licence where it stands, only remembers it."""

    name: str
    licence: str
    from_memory: bool = False
    language: str = "en"
    """The language of rows that do not name one."""
    emotions: bool = False
    """Whether its labels are emotions; a row with several is left out."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text; `label` 0 negative, 1 neutral, 2 positive."""

    text: str
    label: int
    language: str
    corpus: str
    both_ways: bool = False
    """Whether people who read it found something good and something bad in it."""


ENGLISH: Final = (
    Corpus("vader_tweets", "MIT"),
    Corpus("vader_amazon", "MIT"),
    Corpus("vader_movie", "MIT"),
    Corpus("vader_nyt", "MIT"),
    Corpus("skytrax_lounge", "CC0 1.0 by the scraper"),
    Corpus("skytrax_seat", "CC0 1.0 by the scraper"),
    Corpus("nhs_fft", "MIT"),
    Corpus("nhs_phase1", "MIT"),
    Corpus("nltk_pros_cons", "CC BY 4.0"),
    Corpus("nltk_product_reviews", "CC BY 4.0"),
    Corpus("cebab", "CC BY 4.0"),
    Corpus("clothing", "CC0 1.0", from_memory=True),
    Corpus("disneyland", "CC0 1.0", from_memory=True),
    Corpus("hotel_515k", "CC0 1.0"),
    Corpus("fine_foods", "CC0 1.0"),
    Corpus("fine_foods_titles", "CC0 1.0"),
    Corpus("chatgpt_app", "CC0 1.0", from_memory=True),
    Corpus("goemotions_sent", "Apache-2.0", from_memory=True),
    Corpus("goemotions_ekman", "Apache-2.0", from_memory=True, emotions=True),
    Corpus("xed_en", "CC BY 4.0"),
    Corpus("cfpb_complaints", "US government work", from_memory=True),
)
OTHERS: Final = (
    Corpus("xed_multi", "CC BY 4.0"),
    Corpus("wisesight_th", "CC0 1.0", language="th"),
    Corpus("afrisenti", "CC BY 4.0"),
    Corpus("prdect_id", "CC BY 4.0", language="id"),
)


class DataMissing(Exception):
    """The folder of training or evaluation sets is not there; the message says what to do."""


def folder_of(path: str | None, variable: str) -> Path:
    """The folder named by a command line or a setting. Raises DataMissing."""
    if not path:
        raise DataMissing(f"Say where the sets are: --data FOLDER, or set {variable}.")
    folder = Path(path)
    if not folder.is_dir():
        raise DataMissing(f"--data (or {variable}) names no folder. The sets are listed in corpora.py; get them first.")
    return folder


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a JSONL file. Raises DataMissing."""
    if not file.is_file():
        raise DataMissing(f"The set {file.stem} is missing from the folder: {file.name}.")
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def examples(folder: Path, corpora: tuple[Corpus, ...]) -> list[Example]:
    """Every labelled text of the sets, each text of a language once (the first time it is seen)."""
    seen: set[tuple[str, str]] = set()
    found: list[Example] = []
    for corpus in corpora:
        for row in rows_of(folder / f"{corpus.name}.jsonl"):
            label = _label_of(row, corpus)
            text = row["text"][:LONGEST]
            language = str(row.get("lang") or corpus.language).split("-")[0]
            key = (language, _plain(text))
            if label is None or key in seen:
                continue
            seen.add(key)
            found.append(Example(text, label, language, corpus.name, _both_ways(row)))
    return found


def part_of(text: str) -> int:
    """0 … 999, the same for the same words in any set: below 850 trains, below 925 calibrates, the rest is held out."""
    return int(hashlib.sha256(_plain(text).encode()).hexdigest()[:8], 16) % 1000


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _label_of(row: dict[str, Any], corpus: Corpus) -> int | None:
    label = row.get("label") or ""
    if not corpus.emotions:
        return _CLASS.get(label)
    return _EMOTION_CLASS.get(label) if len(row.get("labels") or ()) == 1 else None


def _both_ways(row: dict[str, Any]) -> bool:
    aspects = row.get("aspects")
    found = {str(value).lower() for value in aspects.values()} if isinstance(aspects, dict) else set()
    return {"positive", "negative"} <= found


def say(line: str) -> None:
    """One line of progress, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
