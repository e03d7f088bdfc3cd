"""Reading the training sets: each text once, told and hinted languages, a split that never moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_service.training.corpora import (
    ENGLISH,
    OTHERS,
    Corpus,
    DataMissing,
    examples,
    folder_of,
    part_of,
)

ROWS = [
    {"text": "Lovely stay", "label": "pos"},
    {"text": "lovely  STAY", "label": "neg"},
    {"text": "Cold soup", "label": "negative", "aspects": {"food": "Negative", "service": "positive"}},
    {"text": "No label", "label": None},
    {"text": "Sopa fria", "label": "neg", "lang": "pt-br"},
]


def write(folder: Path, name: str) -> None:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")


def test_each_text_once_with_its_language(tmp_path: Path) -> None:
    write(tmp_path, "first")
    write(tmp_path, "second")
    found = examples(tmp_path, (Corpus("first", "MIT"), Corpus("second", "MIT", language="th")))
    assert [(one.text, one.label, one.language, one.corpus) for one in found[:3]] == [
        ("Lovely stay", 2, "en", "first"),
        ("Cold soup", 0, "en", "first"),
        ("Sopa fria", 0, "pt", "first"),
    ]
    assert [one.language for one in found[3:]] == ["th", "th"]
    assert [one.both_ways for one in found[:2]] == [False, True]


def test_emotions_are_read_as_sentiment_where_there_is_one(tmp_path: Path) -> None:
    rows = [("joy", ["joy"]), ("anger", ["anger"]), ("neutral", ["neutral"]), ("surprise", ["surprise"])]
    rows.append(("joy", ["joy", "anger"]))
    lines = [json.dumps({"text": f"text {n}", "label": one, "labels": all_}) for n, (one, all_) in enumerate(rows)]
    (tmp_path / "felt.jsonl").write_text("\n".join(lines), "utf-8")
    found = examples(tmp_path, (Corpus("felt", "Apache-2.0", emotions=True),))
    assert [one.label for one in found] == [2, 0, 1]


def test_the_part_of_a_text_depends_on_its_words_only() -> None:
    assert part_of("Lovely  stay") == part_of("lovely stay")
    parts = [part_of(f"sentence number {number}") for number in range(2000)]
    assert 0.82 < sum(part < 850 for part in parts) / 2000 < 0.88


def test_missing_data_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="CXLOOP_TRAIN_DATA"):
        folder_of(None, "CXLOOP_TRAIN_DATA")
    with pytest.raises(DataMissing, match="names no folder"):
        folder_of(str(tmp_path / "nowhere"), "CXLOOP_TRAIN_DATA")
    with pytest.raises(DataMissing, match="cebab"):
        examples(tmp_path, tuple(one for one in ENGLISH if one.name == "cebab"))


def test_every_set_names_its_licence() -> None:
    names = [one.name for one in ENGLISH + OTHERS]
    assert len(names) == len(set(names))
    assert all(one.licence for one in ENGLISH + OTHERS)
