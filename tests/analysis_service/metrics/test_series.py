"""Series: every bucket of every line, totals per scale, notes where a reader must know more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analysis_service.metrics import series, windows
from analysis_service.metrics.series import Counts, TooManyPoints
from analysis_service.metrics.tally import Tally, of_rating

START = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = windows.cut(START, START + timedelta(days=21), "week", windows.zone("UTC"))


def _counts(tallies: dict[series.Key, Tally]) -> Counts:
    return Counts(tallies, {}, {}, {})


def test_every_bucket_of_every_group_is_there() -> None:
    counts = _counts({(1, "web", "0-10"): of_rating("nps", "0-10", 9), (2, "", "0-10"): of_rating("nps", "0-10", 0)})
    points = series.points("nps", WEEKS, counts, grouped=True)
    assert [(point["group"], point["n"], point["value"]) for point in points] == [
        (None, 0, None),
        (None, 0, None),
        (None, 1, -100.0),
        ("web", 0, None),
        ("web", 1, 100.0),
        ("web", 0, None),
    ]


def test_nothing_at_all_is_one_empty_line() -> None:
    points = series.points("csat", WEEKS, _counts({}), grouped=False)
    assert [(point["start"], point["n"]) for point in points] == [(bucket.label, 0) for bucket in WEEKS]
    each = series.totals("csat", WEEKS, _counts({}))
    assert (each[0]["n"], each[0]["value"], series.notes("csat", each)) == (0, None, [])


def test_totals_per_scale_and_what_a_reader_must_know() -> None:
    counts = _counts(
        {(0, "", "1-5"): of_rating("csat", "1-5", 5), (1, "", "0-100"): of_rating("csat", "0-100", 50).times(3)}
    )
    each = series.totals("csat", WEEKS, counts)
    assert [(point["scale"], point["value"], point["n"]) for point in each] == [("0-100", None, 3), ("1-5", 100.0, 1)]
    whole = series.total("csat", each, (2, 1))
    assert (whole["value"], whole["top_box"], whole["n"], whole["n_customers"]) == (None, None, 4, 2)
    notes = series.notes("csat", each)
    assert "2 scales" in notes[0]
    assert "0-100" in notes[1]
    assert "mean and no share" in series.notes("ces", [{"scale": "0-10"}])[0]


def test_more_than_anybody_can_use_is_refused() -> None:
    many = _counts({(0, f"unit {number}", ""): Tally(n=1) for number in range(series.MOST_POINTS // 3 + 1)})
    with pytest.raises(TooManyPoints):
        series.points("volume", WEEKS, many, grouped=True)
