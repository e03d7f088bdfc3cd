"""Pieces of a file: the same columns and the same rows, however it is cut and wherever it was interrupted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_service.imports.layout import Layout, sniff
from ingest_service.imports.mapping import parse
from ingest_service.imports.rows import RowReader
from ingest_service.imports.slices import ProfilePass, RowSlice, RowStream
from ingest_service.intake.preparation import Origin

ORIGIN = Origin(UUID(int=1), datetime(2026, 6, 1, tzinfo=UTC))
LAYOUT = Layout("csv", "utf-8", columns=("when", "score", "why", "mail"))
MAPPING = parse({"columns": {"when": "occurred_at", "score": "nps", "why": "text", "mail": "customer.email"}})


def stream(data: bytes, layout: Layout = LAYOUT) -> RowStream:
    reader = RowReader(layout.columns, MAPPING.columns, "cd" * 32)
    return RowStream(data, True, layout, reader, ORIGIN)


def test_valid_rows_are_kept_beside_broken_ones() -> None:
    data = b'2026-01-02,9,good,a@example.com\n2026-01-02,11,x,\n"2026-01-02,9,oh\n,,,\n2026-01-03,3,bad,nonsense\n'
    taken = stream(data).take(100)
    assert (taken.rows, taken.rejected, len(taken.prepared)) == (5, 3, 2)
    assert [(one.row, one.line, one.fault.code) for one in taken.rejections] == [
        (2, 2, "score_out_of_scale"), (3, 3, "unclosed_quote"), (4, 4, "empty"),
    ]  # fmt: skip
    assert (taken.end, taken.lines, taken.last) == (len(data), 5, True)


def test_an_unreadable_address_costs_itself_not_the_row() -> None:
    rows = stream(b"2026-01-03,3,bad,nonsense\n")
    taken = rows.take(10)
    assert taken.prepared[0].identities == ()
    assert rows.reader.notes == {"email_unreadable": 1}


def test_faults_of_intake_are_told_for_their_column() -> None:
    taken = stream(b"2126-01-03,3,bad,\n").take(10)
    assert [(one.fault.code, one.fault.column) for one in taken.rejections] == [("time_in_future", "when")]


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(0, 3))
def test_taking_little_by_little_is_taking_at_once(rows: int, broken: int) -> None:
    data = b"".join(b"2026-01-02,%d,text %d,\n" % (i % 11, i) for i in range(20)) + b'"x\n' * broken
    whole, pieces = stream(data).take(1_000), stream(data)
    taken: list[RowSlice] = []
    while not taken or not taken[-1].last:
        taken.append(pieces.take(rows))
    assert [one.submission_id for piece in taken for one in piece.prepared] == [
        one.submission_id for one in whole.prepared
    ]
    assert taken[-1].end == whole.end == len(data)
    assert sum(piece.rejected for piece in taken) == whole.rejected


@settings(max_examples=40)
@given(st.integers(40, 400), st.booleans())
def test_the_columns_are_the_same_however_the_pass_is_cut(window: int, resumed: bool) -> None:
    data = b"".join(
        b'2026-01-%02d,%d,"some, longer text %d",c%d@example.com\n' % (1 + i % 28, i % 11, i, i) for i in range(40)
    )
    today = date(2026, 6, 1)
    whole = ProfilePass(LAYOUT, today)
    whole.feed(data, final=True)
    cut, position, size = ProfilePass(LAYOUT, today), 0, window
    while position < len(data):
        piece = data[position : position + size]
        if b"\n" not in piece:
            size *= 2
            continue
        position += cut.feed(piece, final=position + size >= len(data))
        if resumed:
            cut = ProfilePass.resumed(cut.as_dict(), LAYOUT, today)
    assert (cut.rows, cut.lines) == (whole.rows, whole.lines) == (40, 40)
    apart = {"counted_up": 0} | ({"repeats": 0} if resumed else {})  # judged within one piece of a real file
    for one, other in zip(cut.facts, whole.facts, strict=True):
        assert one.as_dict() | apart == other.as_dict() | apart


def test_jsonl_shows_its_columns_late() -> None:
    data = b'{"score": 9}\n' * 3 + b'{"score": 1, "why": {"text": "slow"}}\n'
    layout = sniff(data[:13].decode(), encoding="utf-8", complete=True)
    look = ProfilePass(layout, date(2026, 6, 1))
    look.feed(data, final=True)
    assert look.layout.columns == ("score", "why.text")
    assert [(facts.rows, facts.filled) for facts in look.facts] == [(4, 4), (4, 1)]
