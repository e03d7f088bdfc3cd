"""Instants as callers write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics.inputs import instant

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01T12:00:00-05:00", datetime(2026, 3, 1, 17, tzinfo=UTC)),
    ],
)
def test_a_date_is_midnight_in_the_zone_asked_for(written: str, read: datetime) -> None:
    assert instant(written, PARIS) == read


@pytest.mark.parametrize("written", ["", "yesterday", "2026-02-30", "1969-12-31", "9999-12-31T23:59:59-12:00", "12"])
def test_others_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"write a date|between 1970"):
        instant(written)


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused(written: str) -> None:
    with suppress(ValueError):
        assert instant(written).tzinfo is UTC
