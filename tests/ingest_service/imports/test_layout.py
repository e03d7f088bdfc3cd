"""Delimiters, quotes, headers and JSONL, from what tools really write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.layout import NO_DELIMITER, Layout, LayoutRefused, flatten, sniff


def found(text: str, **told: object) -> Layout:
    return sniff(text, encoding="utf-8", complete=True, **told)  # type: ignore[arg-type]  # told is spelled by each test


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter(delimiter: str) -> None:
    text = "\n".join(
        delimiter.join(row)
        for row in [("date", "score", "comment"), ("2026-01-02", "9", "good"), ("2026-01-03", "2", "bad")]
    )
    layout = found(text)
    assert (layout.delimiter, layout.header, layout.columns) == (delimiter, True, ("date", "score", "comment"))


def test_semicolons_with_decimal_commas_and_commas_in_texts() -> None:
    layout = found("datum;note;kommentar\n01.02.2026;4,5;gut, schnell, gern\n02.02.2026;3,0;na ja\n")
    assert layout.delimiter == ";"
    assert layout.columns == ("datum", "note", "kommentar")


def test_a_delimiter_inside_quotes_does_not_count() -> None:
    assert found('a,b\n"x;y;z","p;q;r"\n"x;y;z","p;q;r"\n').delimiter == ","


def test_one_column_has_no_delimiter() -> None:
    layout = found("comment\nIt was good, really\nBad\nFine, but, well, slow\n")
    assert (layout.delimiter, layout.columns) == (NO_DELIMITER, ("comment",))


def test_excels_first_line_tells_the_delimiter() -> None:
    layout = found("sep=;\na;b\n1;2\n")
    assert (layout.delimiter, layout.preamble, layout.columns) == (";", 1, ("a", "b"))


def test_old_line_ends_and_spaces_after_the_delimiter() -> None:
    assert found("a,b\r1,2\r3,4\r").carriage_returns
    layout = found('a, b\n1, "x, y"\n2, "p, q"\n')
    assert (layout.skip_space, layout.columns) == (True, ("a", "b"))


def test_backslash_escapes() -> None:
    layout = found('a,b\n1,"he said \\"no, thanks\\" twice"\n2,"she said \\"yes, please\\" once"\n')
    assert layout.escape == "\\"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("9,2026-01-01\n3,2026-01-02\n", False),
        ("score,when\n9,2026-01-01\n", True),
        ("ann@example.com,good\nbob@example.com,bad\n", False),
        ("This was a very long answer to the question we asked here\nShort one\nAnother\n", False),
        ("comment\nThis was a long answer\n", True),
    ],
)
def test_whether_there_is_a_header(text: str, header: bool) -> None:
    assert found(text).header is header


def test_names_are_made_unique_and_never_empty() -> None:
    assert found('score,score,,"two\nlines"\n1,2,3,4\n').columns == ("score", "score_2", "column_3", "two lines")


def test_jsonl_in_our_own_shape_and_flat() -> None:
    ours = '{"channel": "web", "ratings": [{"metric": "nps", "value": 9}]}\n{"channel": "web", "text": "ok"}\n'
    assert (found(ours).format, found(ours).shape) == ("jsonl", "feedback")
    flat = '{"score": 9, "user": {"mail": "a@example.com"}}\n{"score": 1, "late": true}\n'
    assert (found(flat).shape, found(flat).columns) == ("columns", ("score", "user.mail", "late"))


def test_flatten_keeps_every_value_as_a_cell() -> None:
    assert flatten({"a": None, "b": True, "c": 1.5, "d": ["x"], "e": {"f": "g"}, "h": 7}) == {
        "a": "", "b": "true", "c": "1.5", "d": '["x"]', "e.f": "g", "h": "7",
    }  # fmt: skip


PROGRAM = "\x02\x13\x7fELF\x01\x01\x05\x08ab\n" * 9


@pytest.mark.parametrize(
    "text", ["", "\n\n", "PK\x03\x04xl/", "%PDF-1.7", "<!DOCTYPE html><p>", PROGRAM, '[{"a": 1}]', "  "]
)
def test_what_is_no_table_is_refused_in_words(text: str) -> None:
    with pytest.raises(LayoutRefused, match=r"\w+ \w+"):
        found(text, format="jsonl" if text.startswith("[") else None)


def test_too_many_columns() -> None:
    with pytest.raises(LayoutRefused, match="columns"):
        found(",".join(f"c{i}" for i in range(1_001)) + "\n")


@given(st.text(max_size=400))
def test_any_text_is_laid_out_or_refused(text: str) -> None:
    try:
        layout = found(text)
    except LayoutRefused:
        return
    assert layout == Layout.from_dict(layout.as_dict())
    assert layout.format == "jsonl" or len(layout.columns) >= 1
