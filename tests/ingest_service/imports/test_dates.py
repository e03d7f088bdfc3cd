"""Dates: every format that exports write, and the order of day and month over a whole column."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.dates import DateEvidence, DateReader, DateUnreadable, Order

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2018-01-22", "2018-01-22T00:00:00"),
        ("2018-01-22T21:03:00Z", "2018-01-22T21:03:00"),
        ("2018-01-22 21:03:00.5 -0800", "2018-01-23T05:03:00.500000"),
        ("2018-01-22T21:03:00+01:00", "2018-01-22T20:03:00"),
        ("2018-01-22 10:00 UTC", "2018-01-22T10:00:00"),
        ("2018/1/5", "2018-01-05T00:00:00"),
        ("20180122", "2018-01-22T00:00:00"),
        ("22/01/2018 21:03", "2018-01-22T21:03:00"),
        ("22.01.18", "2018-01-22T00:00:00"),
        ("22-01-2018 9:03 pm", "2018-01-22T21:03:00"),
        ("18th November 2019", "2019-11-18T00:00:00"),
        ("1st of May 2020", "2020-05-01T00:00:00"),
        ("November 18, 2019", "2019-11-18T00:00:00"),
        ("Nov 18, 2019 at 12:30 AM", "2019-11-18T00:30:00"),
        ("Mon, 18 Nov 2019 10:00:00 +0000", "2019-11-18T10:00:00"),
        ("Sat Nov 22 14:53:37 +0000 2014", "2014-11-22T14:53:37"),
        ("18-Nov-19", "2019-11-18T00:00:00"),
        ("18. März 2019", "2019-03-18T00:00:00"),
        ("3 de mayo de 2020", "2020-05-03T00:00:00"),
        ("1er février 2021", "2021-02-01T00:00:00"),
        ("5 Jan 2020 14:00 PST", "2020-01-05T22:00:00"),
        ("1514764800", "2018-01-01T00:00:00"),
        ("1514764800000", "2018-01-01T00:00:00"),
        ("1514764800.25", "2018-01-01T00:00:00.250000"),
        ("43122.5", "2018-01-22T12:00:00"),
    ],
)
def test_formats(cell: str, expected: str) -> None:
    assert DateReader("DMY")(cell) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("hello", "date_unreadable"), ("5", "date_unreadable"), ("5 Foo 2020", "date_unreadable"),
        ("31/02/2018", "date_impossible"), ("05/13/2018", "date_impossible"), ("2018-02-30", "date_impossible"),
        ("12/05/2019 10:00 BST", "timezone_unknown"), ("12/05/2019 13:00 PM", "date_impossible"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_told_apart(cell: str, code: str) -> None:
    with pytest.raises(DateUnreadable) as caught:
        DateReader("DMY")(cell)
    assert caught.value.code == code


def test_the_zone_counts_only_without_an_offset() -> None:
    read = DateReader("DMY", "Europe/London")
    assert read("01/07/2018 12:00") == datetime(2018, 7, 1, 11, tzinfo=UTC)
    assert read("2018-07-01T12:00:00Z") == datetime(2018, 7, 1, 12, tzinfo=UTC)


def evidence(*cells: str) -> DateEvidence:
    found = DateEvidence()
    for cell in cells:
        found.add(cell, TODAY)
    return found


@pytest.mark.parametrize(
    ("cells", "order", "least", "most"),
    [
        (["03/04/2018", "22/01/2018"], "DMY", 1, 1),
        (["03/04/2018", "01/22/2018"], "MDY", 1, 1),
        (["03.04.2018", "04.05.2018"], "DMY", 0.8, 1),
        (["03/04/2018 3:04 PM", "04/05/2018 1:00 AM"], "MDY", 0.5, 0.7),
        (["05/07/2026", "05/06/2026"], "MDY", 0.8, 0.9),
        (["2018-01-02"], "DMY", 1, 1),
        (["03/04/2018"], "DMY", 0, 0.4),
        (["22/01/2018", "23/01/2018", "01/22/2018"], "DMY", 0, 0.5),
    ],
)
def test_the_order_of_a_column(cells: list[str], order: Order, least: float, most: float) -> None:
    found, sure, reason = evidence(*cells).order()
    assert found == order
    assert least <= sure <= most
    assert reason


def test_a_sorted_file_tells_its_order() -> None:
    days = [date(2018, 1, 1) + timedelta(days=i) for i in range(365)]
    months_first = evidence(*(f"{day.month:02}/{day.day:02}/{day.year}" for day in days if day.day <= 12))
    assert months_first.order()[0] == "MDY"
    assert evidence(*(f"{day.day:02}/{day.month:02}/{day.year}" for day in days if day.day <= 12)).order()[0] == "DMY"


FORMATS: list[tuple[str, Order]] = [
    ("%d/%m/%Y %H:%M:%S", "DMY"), ("%m/%d/%Y %H:%M:%S", "MDY"), ("%Y-%m-%dT%H:%M:%S", "DMY"),
    ("%d %B %Y %H:%M:%S", "DMY"),
    ("%B %d, %Y %H:%M:%S", "MDY"), ("%d.%m.%Y %H:%M:%S", "DMY"),
    ("%m-%d-%Y %I:%M:%S %p", "MDY"), ("%Y/%m/%d %H:%M:%S", "MDY"),
]  # fmt: skip
moments = st.datetimes(datetime(1970, 1, 2), datetime(2068, 12, 31)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


@given(moments, st.sampled_from(FORMATS))
def test_what_strftime_wrote_is_read_back(moment: datetime, written: tuple[str, Order]) -> None:
    assert DateReader(written[1])(moment.strftime(written[0])) == moment


@given(st.lists(moments, min_size=60, max_size=80), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_a_column_that_proves_its_order_is_always_read_right(column: list[datetime], form: str) -> None:
    order, sure, _ = evidence(*(moment.strftime(form) for moment in column)).order()
    if sure == 1.0:
        assert order == ("DMY" if form.startswith("%d") else "MDY")


@given(st.text(max_size=80))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    DateEvidence().add(cell, TODAY)
    with suppress(DateUnreadable):
        assert DateReader("MDY")(cell).tzinfo is UTC
