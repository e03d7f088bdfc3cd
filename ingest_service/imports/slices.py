"""The work on one piece of a file, without any I/O: look at its columns, or make its rows ready to be stored (pure).

Runs in a thread beside the event loop; a piece is bounded in rows and in seconds, whichever comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from time import monotonic
from typing import Any, Final

from ingest_service.imports.columns import ColumnFacts
from ingest_service.imports.layout import MAX_COLUMNS, Layout, flatten
from ingest_service.imports.records import Record, read
from ingest_service.imports.rows import Fault, RowReader, RowRefused, fault
from ingest_service.intake.preparation import Origin, Prepared, Refused, prepare

WINDOW_BYTES: Final = 4 * 1024 * 1024
"""How much of the file is looked at in one go; more than the longest record."""
_BLOCK_ROWS: Final = 2_000
_CHECK_EVERY: Final = 64


@dataclass(slots=True)
class ProfilePass:
    """The first pass: every record counted, every column looked at. JSON-able between slices."""

    layout: Layout
    today: date
    facts: list[ColumnFacts] = field(default_factory=list)
    rows: int = 0
    lines: int = 0
    looked: int = 0
    """Records whose cells were looked at; a column that shows up later was empty in all of these."""

    def __post_init__(self) -> None:
        self.facts += [ColumnFacts() for _ in self.layout.columns[len(self.facts) :]]

    def feed(self, data: bytes, *, final: bool) -> int:
        """Take the next bytes, which begin with a record; returns how many of them were whole records."""
        end = after = 0
        block: list[list[str]] = []
        for record in self._records(data, final):
            self.rows += 1
            end, after = record.end, record.after
            if record.problem is None and record.own is None:
                block.append(record.cells)
            if len(block) >= _BLOCK_ROWS:
                self._look(block)
                block = []
        self._look(block)
        self.lines += after
        return len(data) if final or end == 0 else end

    def _records(self, data: bytes, final: bool) -> Iterator[Record]:
        if self.layout.format == "csv" or self.layout.shape == "feedback":
            yield from read(data, self.layout, final=final)
            return
        for record in read(data, replace(self.layout, shape="feedback"), final=final):
            if record.own is not None:
                cells = flatten(record.own)
                new = [name for name in cells if name not in self.layout.columns]
                if new and len(self.layout.columns) < MAX_COLUMNS:
                    self._widen(new)
                record.cells = [cells.get(name, "") for name in self.layout.columns]
                record.own = None
            yield record

    def _widen(self, names: list[str]) -> None:
        """JSONL lines may show new names late; until then their columns were empty."""
        columns = tuple([*self.layout.columns, *names][:MAX_COLUMNS])
        self.facts += [ColumnFacts(rows=self.looked) for _ in columns[len(self.layout.columns) :]]
        self.layout = replace(self.layout, columns=columns)

    def _look(self, block: list[list[str]]) -> None:
        if not block:
            return
        self.looked += len(block)
        columns = zip_longest(*block, fillvalue="")
        for facts, cells in zip_longest(self.facts, columns, fillvalue=None):
            if facts is not None:
                facts.add(cells if cells is not None else [""] * len(block), self.today)

    def as_dict(self) -> dict[str, Any]:
        """What the next slice needs, as JSON."""
        return {
            "rows": self.rows,
            "lines": self.lines,
            "looked": self.looked,
            "facts": [one.as_dict() for one in self.facts],
        }

    @classmethod
    def resumed(cls, stored: dict[str, Any] | None, layout: Layout, today: date) -> ProfilePass:
        """The pass as an earlier slice left it, or a new one."""
        if not stored:
            return cls(layout, today)
        facts = [ColumnFacts.from_dict(one) for one in stored["facts"]]
        return cls(layout, today, facts, stored["rows"], stored["lines"], stored["looked"])


@dataclass(frozen=True, slots=True)
class Rejection:
    """A fault of a row, with its place in the file."""

    row: int
    ordinal: int
    line: int
    fault: Fault


@dataclass(slots=True)
class RowSlice:
    """Some rows of the second pass. `end` (bytes) and `lines` count from the beginning of the data."""

    prepared: list[Prepared] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    rejected: int = 0
    rows: int = 0
    end: int = 0
    lines: int = 0
    last: bool = False
    """Whether the data holds no further whole record."""

    @property
    def error_counts(self) -> Counter[str]:
        """Number of faults by code."""
        return Counter(one.fault.code for one in self.rejections)


@dataclass(slots=True)
class RowStream:
    """Makes the records of `data` ready to be stored, some at a time. What rows lost is in `reader.notes`."""

    data: bytes
    final: bool
    layout: Layout
    reader: RowReader
    origin: Origin
    row: int = 1
    """Number of the next row."""
    line: int = 1
    """Number of the first line of `data`."""
    _records: Iterator[Record] = field(init=False)
    _end: int = 0
    _lines: int = 0

    def __post_init__(self) -> None:
        self._records = read(self.data, self.layout, final=self.final)

    def take(self, max_rows: int, max_seconds: float = 3_600.0, samples: int = 0) -> RowSlice:
        """The next rows, at most so many and for at most so long; `samples` of them also as submissions."""
        taken = RowSlice()
        until = monotonic() + max_seconds
        for record in self._records:
            taken.rows += 1
            self._end, self._lines = record.end, record.after
            self._add(taken, record, samples)
            self.row += 1
            if taken.rows >= max_rows or (taken.rows % _CHECK_EVERY == 0 and monotonic() > until):
                break
        else:
            taken.last = True
            if self.final or self._end == 0:
                self._end = len(self.data)
        taken.end, taken.lines = self._end, self._lines
        return taken

    def _add(self, taken: RowSlice, record: Record, samples: int) -> None:
        try:
            if record.problem is not None:
                raise RowRefused([fault(record.problem)])
            own = record.own
            submission = self.reader.own(own, self.row) if own is not None else self.reader(record.cells, self.row)
            if len(taken.samples) < samples:
                taken.samples.append({"row": self.row, "feedback": submission})
            taken.prepared.append(_prepare(submission, self.origin, self.reader))
        except RowRefused as refused:
            line = self.line + record.line
            taken.rejected += 1
            taken.rejections += [Rejection(self.row, at, line, one) for at, one in enumerate(refused.faults)]


def _prepare(submission: dict[str, Any], origin: Origin, reader: RowReader) -> Prepared:
    """Intake's own check. An e-mail address or telephone number that cannot be read costs itself, not the row."""
    try:
        return prepare(submission, origin)
    except Refused as refused:
        customer = submission.get("customer")
        unread = {one.pointer for one in refused.errors} & {"/customer/email", "/customer/phone"}
        if customer is None or not unread or not isinstance(customer, dict):
            raise RowRefused(_faults(refused, reader)) from None
    kept = {key: value for key, value in customer.items() if f"/customer/{key}" not in unread}
    for pointer in unread:
        reader.notes[f"{pointer.rsplit('/', 1)[1]}_unreadable"] += 1
    rest = {key: value for key, value in submission.items() if key != "customer"}
    if kept.keys() & {"external_id", "email", "phone"}:
        rest["customer"] = kept
    try:
        return prepare(rest, origin)
    except Refused as refused:
        raise RowRefused(_faults(refused, reader)) from None


def _faults(refused: Refused, reader: RowReader) -> list[Fault]:
    """Intake's faults, told for the column they came from."""
    faults = []
    for one in refused.errors:
        column = reader.column_of.get(one.pointer)
        detail = one.detail if column is not None or not one.pointer else f"{one.pointer}: {one.detail}"
        faults.append(Fault("empty" if one.code == "nothing_said" else one.code, detail, column))
    return faults
