"""Rows into submissions: what is absent stays absent, what is wrong is named, no row touches another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.mapping import parse
from ingest_service.imports.rows import RowReader, RowRefused, row_id

DIGEST = "ab" * 32


def reader(columns: dict[str, Any], **more: Any) -> RowReader:
    return RowReader(list(columns), parse({"columns": columns}).columns, DIGEST, **more)


def codes(read: RowReader, *cells: str) -> list[tuple[str, str | None]]:
    with pytest.raises(RowRefused) as caught:
        read(cells, 1)
    assert all(one.detail for one in caught.value.faults)
    return [(one.code, one.column) for one in caught.value.faults]


STAFF = {"metric": "rating", "aspect": "staff", "scale": {"min": 1, "max": 5}}
WHOLE: dict[str, tuple[Any, str]] = {
    "when": ("occurred_at", "22/01/2018 21:03"),
    "score": ("nps", "10"),
    "staff": (STAFF, "4"),
    "why": ("text", " Good. "),
    "more": ("text", "Really"),
    "head": ("title", "Yes"),
    "mail": ("customer.email", "a@example.com"),
    "first": ("customer.name", "A"),
    "last": ("customer.name", "B"),
    "shop": ("unit", "North"),
    "step": ("touchpoint", "Order"),
    "lang": ("language", "en"),
    "plan": ("attribute", "pro"),
    "x": ("ignore", "?"),
}


def test_a_whole_row() -> None:
    read = reader({name: role for name, (role, _) in WHOLE.items()}, channel="survey", source="import-1")
    up = "ascending"
    assert read([cell for _, cell in WHOLE.values()], 7) == {
        "channel": "survey",
        "source": "import-1",
        "occurred_at": "2018-01-22T21:03:00+00:00",
        "ratings": [
            {"metric": "nps", "scale": {"min": 0.0, "max": 10.0, "direction": up}, "value": 10.0},
            {"metric": "rating", "scale": {"min": 1.0, "max": 5.0, "direction": up}, "aspect": "staff", "value": 4.0},
        ],
        "text": "Good.\n\nReally",
        "title": "Yes",
        "customer": {"email": "a@example.com", "name": "A B"},
        "unit": "North",
        "touchpoint": "Order",
        "language": "en",
        "attributes": {"plan": "pro"},
        "submission_id": row_id(DIGEST, 7),
    }


@pytest.mark.parametrize("cell", ["", " ", "nan", "N/A", "none", "Don't know", "-", "not applicable"])
def test_an_unanswered_score_is_absent_never_nought(cell: str) -> None:
    assert "ratings" not in reader({"score": "csat", "why": "text"})([cell, "ok"], 1)


def test_none_is_an_answer_in_a_text_and_nothing_in_an_attribute() -> None:
    submission = reader({"why": "text", "plan": "attribute"})(["None", "None"], 1)
    assert submission["text"] == "None"
    assert "attributes" not in submission


def test_faults_name_the_column_and_all_of_them() -> None:
    read = reader({"when": "occurred_at", "score": "nps", "staff": "stars", "why": "text"})
    assert codes(read, "31/02/2018", "11", "lots", "x") == [
        ("date_impossible", "when"), ("score_out_of_scale", "score"), ("score_unreadable", "staff"),
    ]  # fmt: skip
    assert codes(read, "", "7.5", "", "") == [("score_not_whole", "score")]
    assert codes(read, "2018-01-01", "", "", "") == [("empty", None)]
    assert codes(read) == [("empty", None)]


def test_words_and_cells_that_mean_nothing_can_be_told() -> None:
    read = reader({"mood": {"metric": "csat", "values": {"Very satisfied": 5}, "absent": ["0"]}, "why": "text"})
    assert read(["very satisfied", ""], 1)["ratings"][0]["value"] == 5.0
    assert "ratings" not in read(["0", "x"], 2)


def test_an_id_of_its_own_and_one_from_the_file() -> None:
    read = reader({"id": "submission_id", "why": "text"})
    assert read(["r1", "x"], 1)["submission_id"] == "r1"
    assert read(["", "x"], 2)["submission_id"] == row_id(DIGEST, 2)


def test_long_and_odd_cells_are_brought_into_bounds_and_counted() -> None:
    read = reader({"plan": "attribute", "shop": "unit", "p" * 80: "attribute", "why": "text"})
    submission = read(["x" * 5_000, "a\nb" + "c" * 300, "v", "t"], 1)
    assert len(submission["attributes"]["plan"]) == 2_048
    assert submission["unit"].startswith("a bc")
    assert len(submission["unit"]) == 255
    assert "p" * 64 in submission["attributes"]
    assert read.notes == {"attribute_shortened": 1, "unit_shortened": 1}


def test_a_name_alone_makes_no_customer() -> None:
    read = reader({"who": "customer.name", "why": "text"})
    assert "customer" not in read(["A B", "x"], 1)
    assert read.notes == {"name_without_identity": 1}


def test_plain_numbers_stay_numbers() -> None:
    read = reader({"n": "attribute", "why": "text"}, plain_numbers=frozenset({"n"}))
    assert [read([cell, "x"], 1)["attributes"]["n"] for cell in ("7", "1.5")] == [7, 1.5]


def test_our_own_shape_gets_what_it_lacks() -> None:
    read = reader({}, channel="web", source="import")
    assert read.own({"text": "x"}, 3) == {
        "channel": "web",
        "text": "x",
        "submission_id": row_id(DIGEST, 3),
        "source": "import",
    }
    told = {"channel": "app", "submission_id": "s", "text": "x"}
    assert read.own(told, 3) == told


@given(st.lists(st.lists(st.text(max_size=15), max_size=6), max_size=8))
def test_rows_do_not_touch_each_other(rows: list[list[str]]) -> None:
    columns: dict[str, Any] = {
        "when": "occurred_at",
        "score": "nps",
        "why": "text",
        "mail": "customer.email",
        "plan": "attribute",
    }

    def outcome(read: RowReader, cells: list[str], row: int) -> object:
        try:
            return read(cells, row)
        except RowRefused as refused:
            return refused.faults

    together = reader(columns)
    assert [outcome(together, cells, i) for i, cells in enumerate(rows)] == [
        outcome(reader(columns), cells, i) for i, cells in enumerate(rows)
    ]
