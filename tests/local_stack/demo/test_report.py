"""The report shows a count and an interval beside every score, and says when there are too few."""

from __future__ import annotations

import io

from rich.console import Console

from local_stack.demo.report import Found, bar, over_time, render


def shown(found: Found) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(render(found))
    return console.export_text()


def row(group: str, value: float | None, n: int, ci: list[float] | None) -> dict[str, object]:
    return {"group": group, "value": value, "n": n, "ci95": ci, "scale": "0-10"}


def test_every_score_has_its_interval_and_count() -> None:
    found = Found("Story", 120, 80)
    found.by_channel["nps"] = [row("email", 12.34, 100, [-5.0, 28.0]), row("chat", None, 0, None)]
    found.totals["nps"] = [row("all", 12.34, 100, [-5.0, 28.0])]
    text = shown(found)
    assert "+12.3" in text
    assert "-5.0 … +28.0" in text
    assert "too few to say" in text
    assert "120 pieces of feedback from 80 known customers" in text


def test_the_bar_stays_within_its_bounds() -> None:
    for low, value, high in [(-100.0, -100.0, -40.0), (90.0, 100.0, 100.0), (0.0, 0.0, 0.0)]:
        line = bar(low, value, high, (-100.0, 100.0)).plain
        assert len(line) == 21
        assert line.count("●") == 1


def test_weeks_with_too_few_answers_stay_empty() -> None:
    rows = [row("", 10.0, 50, None), row("", 99.0, 2, None), row("", 30.0, 50, None)]
    assert over_time(rows, "nps", "week").plain.startswith("NPS by week  ▁ █")
