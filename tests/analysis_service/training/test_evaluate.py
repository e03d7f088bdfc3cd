"""Measuring: silence counts as wrong, figures are printed and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis_service.training import evaluate
from analysis_service.training.evaluate import figure, speed

PRAISE = ["Love it", "Great service", "Very happy", "Perfect, thank you"]
BLAME = ["Terrible", "Rude staff and cold food", "Never again", "Waste of money"]


def test_silence_counts_as_wrong() -> None:
    found = figure("own", [*PRAISE, "..."], [2, 2, 2, 2, 2])
    assert found.accuracy == pytest.approx(0.8)
    assert found.silent == pytest.approx(0.2)
    assert found.accuracy_interval[0] <= found.accuracy <= found.accuracy_interval[1]


def test_two_ways_leaves_neutral_out() -> None:
    found = figure("own", PRAISE + BLAME, [2] * 4 + [0] * 4, two_way=True)
    assert found.accuracy == found.macro_f1 == 1


def test_speed_is_of_texts_of_some_words() -> None:
    texts = ["The room was clean and the staff was friendly but the food came cold and nobody said sorry"] * 20
    measured = speed([*texts, "short"], batch=10)
    assert measured["texts"] == 20
    assert measured["texts_per_second"] > 0


def test_the_command_prints_and_keeps_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CXLOOP_TRAIN_DATA", raising=False)
    monkeypatch.setattr(evaluate, "THREE_WAY", ("airline_tweets",))
    monkeypatch.setattr(evaluate, "TWO_WAY", ("airline_tweets",))
    long = "and then we waited for a very long time in the hall until somebody came to open the door for us"
    rows = [{"text": f"{text} {long}", "label": "positive", "score": 9} for text in PRAISE]
    rows += [{"text": f"{text} {long}", "label": "negative", "score": 2} for text in BLAME]
    for name in ("airline_tweets", "nps_telecom"):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    kept = tmp_path / "figures.json"
    assert evaluate.main(["--data", str(tmp_path), "--json", str(kept)]) == 0
    printed = capsys.readouterr().out
    assert "airline_tweets (2-way)" in printed
    assert "texts/s a core" in printed
    figures = json.loads(kept.read_text("utf-8"))
    assert figures["nps"]["n"] == 8
    assert figures["research"][0]["n"] == 8


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("CXLOOP_EVAL_DATA", raising=False)
    assert evaluate.main([]) == 2
    assert "CXLOOP_EVAL_DATA" in capsys.readouterr().err
