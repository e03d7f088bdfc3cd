"""Cuts a window of time into days, weeks or months of a place's own calendar (pure).

Buckets begin at local midnight in an IANA time zone, so that the day of a clock change has 23 or 25 hours and
a week begins on Monday wherever the reader is. Everything returned is in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

IntervalName = Literal["day", "week", "month", "total"]

MOST_BUCKETS = 5000
"""Four years of days. More would be a picture that nobody can read."""

HOUR = timedelta(hours=1)


class WindowRefused(ValueError):
    """The window cannot be cut as asked; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket: [start, end). `partial` where the window begins or ends inside it."""

    label: datetime
    """Where the calendar period begins (UTC), even when the window begins later."""
    start: datetime
    end: datetime
    partial: bool


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises WindowRefused for others: to the library names are paths."""
    if name not in _zone_names():
        raise WindowRefused("is not an IANA time zone; write it as in Europe/Paris or UTC")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # not these: `localtime` is whatever zone the server stands in, `Factory` says that nobody set one
    return frozenset(available_timezones() - {"localtime", "Factory"})


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a local day in UTC, also where the clocks jump over midnight (Beirut)."""
    local = datetime.combine(day, time(), tzinfo=tz)
    instant = local.astimezone(UTC)
    if instant.astimezone(tz).date() != day:
        raise WindowRefused("has a day that does not exist in this time zone")  # e.g. Apia 2011-12-30
    if instant.astimezone(tz).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Midnight was skipped: with fold=0 the library reads it by the offset before the jump, which lands after
    # it by the length of the gap at most; the first instant of the day is the jump itself.
    before = instant - timedelta(hours=3)
    after = instant
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(tz).date() < day:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _first_day(day: date, interval: IntervalName) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def _next_day(day: date, interval: IntervalName) -> date:
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


def _beginning(day: date, tz: ZoneInfo) -> datetime:
    # A place may skip a whole day (Apia crossed the date line); then the next one begins the bucket.
    try:
        return midnight(day, tz)
    except WindowRefused:
        return midnight(day + timedelta(days=1), tz)


def cut(start: datetime, end: datetime, interval: IntervalName, tz: ZoneInfo) -> list[Bucket]:
    """Cut [start, end) into buckets, oldest first; `total` is one bucket.

    Raises WindowRefused when the window is empty or would give more than MOST_BUCKETS.
    """
    if start >= end:
        raise WindowRefused("ends before it begins; `to` is not part of the window and must lie after `from`")
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if interval == "total":
        return [Bucket(start, start, end, partial=False)]
    days = {"day": 1, "week": 7, "month": 28}[interval]
    if (end - start) / timedelta(days=days) > MOST_BUCKETS:
        raise WindowRefused(f"would give more than {MOST_BUCKETS} points; narrow it or take a longer interval")
    buckets: list[Bucket] = []
    day = _first_day(start.astimezone(tz).date(), interval)
    here = _beginning(day, tz)
    while here < end:
        day = _next_day(day, interval)
        there = _beginning(day, tz)
        if there > here:
            cut_start, cut_end = max(here, start), min(there, end)
            buckets.append(Bucket(here, cut_start, cut_end, partial=(cut_start, cut_end) != (here, there)))
        here = there
    return buckets


def on_the_hour(instant: datetime) -> bool:
    """Whether an instant is a whole hour of UTC, where cells of one hour can be cut."""
    return instant.minute == instant.second == instant.microsecond == 0


def hour_of(instant: datetime) -> datetime:
    """The hour of UTC that an instant falls in."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def whole_hours(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The whole hours within [start, end): (first, end), with first ≥ end where there are none."""
    first = hour_of(start)
    return (first if first == start else first + HOUR), hour_of(end)
