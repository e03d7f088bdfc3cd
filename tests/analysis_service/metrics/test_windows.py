"""Windows: buckets meet without gap or overlap, in every zone and through clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics import windows

ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Beirut",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Africa/Cairo",
    "America/Sao_Paulo",
]


@given(
    st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=200)),
    st.sampled_from(["day", "week", "month", "total"]),
    st.sampled_from(ZONES),
)
def test_buckets_tile_the_window(start: datetime, length: timedelta, interval: windows.IntervalName, name: str) -> None:
    start = start.replace(tzinfo=UTC)
    buckets = windows.cut(start, start + length, interval, windows.zone(name))
    assert buckets[0].start == start
    assert buckets[-1].end == start + length
    for one, next_one in pairwise(buckets):
        assert one.end == next_one.start
        assert one.start < one.end
        assert next_one.label == next_one.start
    tz = ZoneInfo(name)
    for bucket in buckets if interval != "total" else []:
        first = bucket.label.astimezone(tz)
        assert (bucket.label - timedelta(seconds=1)).astimezone(tz).date() < first.date()
        if interval == "week" and name != "Pacific/Apia":
            assert first.weekday() == 0
        if interval == "month":
            assert first.day == 1


def test_a_day_of_a_clock_change_has_23_or_25_hours() -> None:
    paris = windows.zone("Europe/Paris")
    spring = windows.cut(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC), "day", paris)
    autumn = windows.cut(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC), "day", paris)
    assert [(b.end - b.start) / timedelta(hours=1) for b in spring] == [23]
    assert [(b.end - b.start) / timedelta(hours=1) for b in autumn] == [25]
    assert not spring[0].partial
    assert not autumn[0].partial


def test_a_midnight_that_clocks_jump_over_begins_at_the_jump() -> None:
    # Beirut, 2021-03-28: 00:00 becomes 01:00; the day begins at 22:00 UTC.
    assert windows.midnight(date(2021, 3, 28), ZoneInfo("Asia/Beirut")) == datetime(2021, 3, 27, 22, tzinfo=UTC)


def test_a_window_that_begins_inside_a_week_says_so() -> None:
    buckets = windows.cut(
        datetime(2026, 1, 7, tzinfo=UTC), datetime(2026, 1, 19, tzinfo=UTC), "week", windows.zone("UTC")
    )
    assert [bucket.partial for bucket in buckets] == [True, False]
    assert buckets[0].label == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "europe paris"])
def test_other_zones_are_refused(name: str) -> None:
    with pytest.raises(windows.WindowRefused):
        windows.zone(name)


def test_empty_and_endless_windows_are_refused() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(windows.WindowRefused):
        windows.cut(day, day, "day", windows.zone("UTC"))
    with pytest.raises(windows.WindowRefused):
        windows.cut(day, day + timedelta(days=6000), "day", windows.zone("UTC"))


def test_whole_hours_within_a_window() -> None:
    start = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert windows.whole_hours(start, start + timedelta(hours=2)) == (
        datetime(2026, 1, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 2, tzinfo=UTC),
    )
    assert windows.on_the_hour(windows.hour_of(start))
    first, end = windows.whole_hours(start, start + timedelta(minutes=10))
    assert first >= end


@pytest.mark.parametrize("name", ["localtime", "Factory", "../etc/passwd", "Europe/Nowhere", ""])
def test_what_is_no_place_is_no_time_zone(name: str) -> None:
    with pytest.raises(windows.WindowRefused):
        windows.zone(name)
