"""Records out of bytes: nothing lost beside what is broken, and the same however the file is cut."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.layout import Layout
from ingest_service.imports.records import RECORD_BYTES, Record, beginning, read

THREE = Layout("csv", "utf-8", columns=("a", "b", "c"))
cell = st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12)


def cells(text: str, layout: Layout = THREE) -> list[tuple[list[str], str | None]]:
    return [(one.cells, one.problem) for one in read(text.encode(layout.encoding), layout, final=True)]


def test_plain_records_with_their_places() -> None:
    first, second = read(b'1,2,3\r\n"x\ny",5,6\n', THREE, final=True)
    assert (first.cells, first.end, first.line, first.after) == (["1", "2", "3"], 7, 0, 1)
    assert (second.cells, second.end, second.line, second.after) == (["x\ny", "5", "6"], 17, 1, 3)


def test_blank_lines_are_no_records_and_short_rows_stay() -> None:
    assert cells("1,2,3\n\n\r\n4,5\n") == [(["1", "2", "3"], None), (["4", "5"], None)]


def test_surplus_cells() -> None:
    assert cells("1,2,3,,\n") == [(["1", "2", "3"], None)]
    assert cells("1,2,3,4\n") == [(["1", "2", "3", "4"], "too_many_cells")]


def test_a_quote_that_is_never_closed_costs_its_line_only() -> None:
    rows = "".join(f"{i},fine,{i}\n" for i in range(500))
    found = cells('0,"oh,dear\n' + rows)
    assert found[0] == (["0", '"oh', "dear"], None)  # read with its quote as a letter: three cells
    assert len(found) == 501
    found = cells('0,"oh dear\n' + rows)
    assert found[0][1] == "unclosed_quote"
    assert [one[1] for one in found[1:]] == [None] * 500


def test_a_quote_that_meets_another_much_later_swallows_nothing() -> None:
    found = cells('0,"broken\n1,fine,1\n2,fine,2\n3,also "broken",3,\n4,fine,4\n')
    assert [one[0][0] for one in found] == ["0", "1", "2", "3", "4"]
    assert [one[1] for one in found].count(None) == 4


def test_an_unclosed_quote_before_megabytes_of_rows_is_found_quickly() -> None:
    rows = "1,some text that is long enough,3\n" * 60_000
    assert len(cells('0,"oh\n' + rows)) == 60_001


def test_a_lone_carriage_return_in_a_cell() -> None:
    assert cells("1,two\rlines,3\n4,5,6\n") == [(["1", "two lines", "3"], None), (["4", "5", "6"], None)]


def test_old_macs_and_utf16() -> None:
    old = Layout("csv", "utf-8", carriage_returns=True, columns=("a", "b", "c"))
    assert cells("1,2,3\r4,5,6\r", old) == [(["1", "2", "3"], None), (["4", "5", "6"], None)]
    wide = Layout("csv", "utf-16-le", columns=("a", "b", "c"))
    assert cells('1,"x\ny",3\n4,5,\u0a0a\n', wide) == [(["1", "x\ny", "3"], None), (["4", "5", "\u0a0a"], None)]


def test_a_record_beyond_the_window_is_skipped() -> None:
    found = list(read(b"x" * (RECORD_BYTES + 1), THREE, final=False))
    assert [(one.problem, one.end) for one in found] == [("record_too_long", RECORD_BYTES + 1)]


def test_jsonl_lines_stand_alone() -> None:
    layout = Layout("jsonl", "utf-8", columns=("a", "b.c"))
    found = list(read(b'{"a": 1, "b": {"c": null}, "z": 2}\n\nnope\n[1]\n{"a": NaN}\n{"a": "x"}', layout, final=True))
    assert [(one.cells, one.problem, one.line) for one in found] == [
        (["1", ""], None, 0), ([], "invalid_json", 2), ([], "not_an_object", 3), ([], "invalid_json", 4),
        (["x", ""], None, 5),
    ]  # fmt: skip


def test_where_the_data_begins() -> None:
    layout = Layout("csv", "utf-8", bom=3, preamble=1, columns=("a", "b"))
    head = b'\xef\xbb\xbfsep=,\n\n"a\nx",b\n1,2\n'
    assert beginning(head, layout) == (len(head) - 4, 4)
    assert beginning(b"1,2\n", Layout("csv", "utf-8", header=False, columns=("a", "b"))) == (0, 0)
    assert beginning(b"a\rx,b,c\n1,2,3\n", THREE) == (8, 1)
    assert beginning(b"a,b," + b"c" * 200_000 + b"\n1,2,3\n", THREE)[1] == 1


@given(st.binary(max_size=600))
def test_the_header_of_any_bytes_is_found(head: bytes) -> None:
    at, lines = beginning(head, Layout("csv", "latin-1", columns=("a", "b")))
    assert 0 <= at <= len(head)
    assert lines >= 0


@given(st.lists(st.tuples(cell, cell, cell), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_comes_back(rows: list[tuple[str, str, str]], line_end: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    found = [tuple(one.cells) for one in read(out.getvalue().encode(), THREE, final=True)]
    assert found == list(rows)


@given(st.binary(max_size=600), st.integers(20, 200), st.sampled_from(["csv", "jsonl"]))
def test_reading_in_pieces_never_stalls_nor_goes_back(data: bytes, window: int, format: str) -> None:
    layout = Layout(format, "utf-8", columns=("a", "b"))  # type: ignore[arg-type]  # both formats are meant
    position = 0
    for _ in range(len(data) + 2):
        if position >= len(data):
            break
        piece = data[position : position + window]
        final = position + window >= len(data)
        ends = [one.end for one in read(piece, layout, final=final)]
        assert ends == sorted(set(ends))
        position += len(piece) if final or not ends else ends[-1]
    assert position >= len(data)


@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12), st.integers(60, 400))
def test_the_same_records_whatever_the_pieces(rows: list[tuple[str, str, str]], window: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    data = out.getvalue().encode()
    longest = max(len(line) for line in data.split(b"\r\n")) if data else 0
    whole = [one.cells for one in read(data, THREE, final=True)]
    pieces: list[Record] = []
    position, size = 0, max(window, 4 * longest + 200)
    while position < len(data):
        piece = data[position : position + size]
        found = list(read(piece, THREE, final=position + size >= len(data)))
        if not found:
            size *= 2
            continue
        pieces += found
        position += found[-1].end
    assert [one.cells for one in pieces] == whole


@pytest.mark.parametrize("text", ['"', '""', '"""', 'a"b,c', '"a""', "\r", ",", '",\n"'])
def test_odd_quotes_never_raise(text: str) -> None:
    cells(text)
