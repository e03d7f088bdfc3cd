"""Bytes into records: CSV and JSONL, a piece of the file at a time, each record with the byte it ends at (pure).

A broken record costs itself and nothing else. The classic trap is a quote that is never closed: a plain CSV reader
swallows the rest of the file into one cell. Here such a record is cut back to its first line, that line is
reported (or read with its quote as a letter, when that gives the right number of cells), and reading goes on
with the next line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import orjson

from ingest_service.imports.decoding import decode, newline, split_lines
from ingest_service.imports.layout import Layout, flatten

RECORD_BYTES: Final = 2 * 1024 * 1024
"""A record longer than this is reported and skipped. Give `read` more than this at once."""


@dataclass(slots=True)
class Record:
    """One record. `end` is the offset behind it, in bytes from the beginning of `data`.

    `line` is its first line and `after` the line behind it, both counted from 0 at the beginning of `data`.
    `problem` is a code (unclosed_quote, record_too_long, invalid_json, not_an_object, too_many_cells) or None.
    """

    cells: list[str]
    end: int
    line: int
    after: int
    problem: str | None = None
    own: dict[str, object] | None = None
    """JSONL in our own shape: the object itself."""


def read(data: bytes, layout: Layout, *, final: bool) -> Iterator[Record]:
    """The records in `data`, which begins at the beginning of a record.

    `final`: the file ends where `data` ends. If not, what may be an incomplete record at the end is left; go on
    from the `end` of the last record. Blank lines are no records (their bytes belong to the next one).
    Shorter records are returned as they are; cells beyond the columns are a problem unless they are empty.
    """
    pieces = split_lines(data, layout.encoding, carriage_returns=layout.carriage_returns)
    token = b"\r" if layout.carriage_returns else newline(layout.encoding)
    if not final and pieces and not pieces[-1].endswith(token):
        if len(pieces) == 1 and len(data) >= RECORD_BYTES:
            yield Record([], len(data), 0, 0, "record_too_long")
            return
        pieces.pop()
    ends = list(accumulate(map(len, pieces)))
    lines = [decode(piece, layout.encoding) for piece in pieces]
    if layout.format == "jsonl":
        yield from _json(lines, ends, layout)
    else:
        yield from _csv(lines, ends, layout, final=final)


class _Lines:
    """Hands lines to the csv module and knows how many it took, and whether it wanted more than there were."""

    __slots__ = ("at", "lines", "starved")

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self.lines = lines
        self.at = at
        self.starved = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            self.starved = True
            raise StopIteration
        line = self.lines[self.at]
        self.at += 1
        return line


def _reader(source: Iterator[str], layout: Layout, quoting: int = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
    return csv.reader(
        source,
        delimiter=layout.delimiter,
        quotechar=layout.quote,
        escapechar=layout.escape,
        skipinitialspace=layout.skip_space,
        quoting=quoting,  # type: ignore[arg-type]  # typeshed wants the literal values, these are they
    )


def _csv(lines: list[str], ends: list[int], layout: Layout, *, final: bool) -> Iterator[Record]:
    width = len(layout.columns)
    start = 0
    while start < len(lines):
        source = _Lines(lines, start)
        reader = _reader(source, layout)
        try:
            for cells in reader:
                if source.starved:
                    break
                spans = source.at - start
                if spans > 1 and len(cells) != width and _swallowed(lines[start : source.at], layout):
                    break
                if cells:
                    yield _sized(Record(cells, ends[source.at - 1], start, source.at), width)
                start = source.at
            else:
                return
        except csv.Error:
            pass  # a cell beyond 128 KiB, or a bare carriage return
        if source.starved and not final and sum(map(len, lines[start:])) < RECORD_BYTES // 4:
            return
        yield _cut(lines[start], Record([], ends[start], start, start + 1), layout)
        start += 1


def _swallowed(lines: list[str], layout: Layout) -> bool:
    """Whether a record of several lines ate others: one of them is a whole record by itself."""
    width = len(layout.columns)
    return width > 1 and any(len(_alone(line, layout)) == width for line in lines[1:])


def _alone(line: str, layout: Layout, quoting: int = csv.QUOTE_MINIMAL) -> list[str]:
    try:
        return next(_reader(iter([line.replace("\r", " ").rstrip("\n ")]), layout, quoting), [])
    except csv.Error:
        return []


def _cut(line: str, record: Record, layout: Layout) -> Record:
    """The record that a broken line gives by itself, as well as it can be read."""
    width = len(layout.columns)
    if line.count(layout.quote) % 2 == 0:
        record.cells = _alone(line, layout)
        if len(record.cells) == width:
            return record
    record.cells = _alone(line, layout, csv.QUOTE_NONE)
    if len(record.cells) != width:
        record.problem = "unclosed_quote"
    return record


def _sized(record: Record, width: int) -> Record:
    if len(record.cells) > width:
        if any(cell.strip() for cell in record.cells[width:]):
            record.problem = "too_many_cells"
        else:
            record.cells = record.cells[:width]
    return record


def _json(lines: list[str], ends: list[int], layout: Layout) -> Iterator[Record]:
    known = {name: index for index, name in enumerate(layout.columns)}
    for at, (line, end) in enumerate(zip(lines, ends, strict=True)):
        if not line.strip():
            continue
        record = Record([], end, at, at + 1)
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            record.problem = "invalid_json"
            yield record
            continue
        if not isinstance(value, dict):
            record.problem = "not_an_object"
        elif layout.shape == "feedback":
            record.own = value
        else:
            record.cells = [""] * len(known)
            for name, cell in flatten(value).items():
                if (index := known.get(name)) is not None:
                    record.cells[index] = cell
        yield record


def beginning(head: bytes, layout: Layout) -> tuple[int, int]:
    """Where the data begins: (byte offset, lines before it) behind byte order mark, preamble and header.

    `head` is the beginning of the file, all of the header at least.
    """
    at, skipped = layout.bom, 0
    pieces = split_lines(head[at:], layout.encoding, carriage_returns=layout.carriage_returns)
    for piece in pieces[: layout.preamble]:
        at += len(piece)
        skipped += 1
    if not layout.header:
        return at, skipped
    rest = [decode(piece, layout.encoding) for piece in pieces[layout.preamble :]]
    source = _Lines(rest, 0)
    try:
        for cells in _reader(source, layout):
            if cells:
                break
        lines = source.at
    except csv.Error:
        lines = 1  # a name beyond 128 KiB, or a bare carriage return: the line is the header all the same
    taken = pieces[layout.preamble : layout.preamble + lines]
    return at + sum(map(len, taken)), skipped + lines
