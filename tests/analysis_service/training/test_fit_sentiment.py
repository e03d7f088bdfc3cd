"""Fitting on a small set of our own: the artefacts load, speak, and are the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_service.text.annotate import annotate
from analysis_service.text.artifacts import sentiment_weights
from analysis_service.training import fit_sentiment
from analysis_service.training.corpora import Corpus

GOOD = ("lovely", "great", "friendly", "clean", "quick")
BAD = ("awful", "rude", "dirty", "slow", "broken")
PLAIN = ("blue", "round", "wooden", "northern", "weekly")
THINGS = ("room", "driver", "meal", "seat", "shop", "parcel", "garden", "bus", "lamp", "desk", "host", "menu")


def write(folder: Path, name: str) -> None:
    rows = [
        {"text": f"the {thing} number {number} was {word}", "label": label}
        for words, label in ((GOOD, "pos"), (BAD, "neg"), (PLAIN, "neu"))
        for word in words
        for thing in THINGS
        for number in range(3)
    ]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, "ours")
    monkeypatch.setattr(fit_sentiment, "ENGLISH", (Corpus("ours", "own"),))
    monkeypatch.setattr(fit_sentiment, "OTHERS", ())
    monkeypatch.setattr(fit_sentiment, "LANGUAGES", ("en",))
    monkeypatch.setattr(fit_sentiment, "ITERATIONS", 20)
    monkeypatch.setattr(fit_sentiment, "sentences", lambda: [("not bad", "positive"), ("👍", "positive")])
    return tmp_path


def test_what_is_fitted_speaks_and_is_the_same_every_time(small: Path) -> None:
    first = fit_sentiment.fit(small, small / "first")
    second = fit_sentiment.fit(small, small / "second")
    assert first["files"] == second["files"]
    assert first["rows"] == {"ours": 540, "own": 2}
    weights = sentiment_weights(small / "first")
    found = annotate(["The lamp was lovely", "the bus was rude", "my desk was wooden"], ["en"] * 3, weights)
    assert [one.sentiment.label for one in found if one.sentiment] == ["positive", "negative", "neutral"]
    assert found[0].model == "cxloop-sentiment-linear-1"


def test_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("CXLOOP_TRAIN_DATA", raising=False)
    assert fit_sentiment.main([]) == 2
    assert "CXLOOP_TRAIN_DATA" in capsys.readouterr().err
    assert fit_sentiment.main(["--data", str(tmp_path / "nowhere")]) == 2
    assert "names no folder" in capsys.readouterr().err


def test_the_command_fits(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit_sentiment.main(["--data", str(small), "--to", str(small / "weights")]) == 0
    assert "written" in capsys.readouterr().out
    assert sentiment_weights(small / "weights").languages.keys() == {"en"}
