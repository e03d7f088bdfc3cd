"""What a whole column holds: counts, range, examples of kind, kept while rows stream past (pure).

A pass over the whole file, not a sample: the one 9 in row 80,000 makes the scale 1-10, the one 22/01 settles the
order of day and month. To stay cheap it works on the distinct values of a few thousand cells at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from ingest_service.imports.cells import EMAIL, PHONE, is_absent, number, out_of
from ingest_service.imports.dates import DateEvidence, DateReader, DateUnreadable

VALUES_LIMIT: Final = 64
"""Distinct values kept; a column with more is no category."""
UNIQUE_LIMIT: Final = 20_000
"""Rows over which uniqueness is judged."""
DATE_TRIALS: Final = 400
"""Cells of a column that are tried as dates; then it is one or it is not."""


@dataclass(slots=True)
class ColumnFacts:
    """Facts of one column. JSON-able through `as_dict`/`from_dict` so that the pass can go on after a crash."""

    rows: int = 0
    filled: int = 0
    letters: int = 0
    """Characters of the filled cells together."""
    longest: int = 0
    spaced: int = 0
    """Filled cells with at least two spaces: sentences."""
    numeric: int = 0
    whole: int = 0
    low: float | None = None
    high: float | None = None
    emails: int = 0
    phones: int = 0
    dates: int = 0
    tried_dates: int = 0
    told_max: float | None = None
    """The 5 of cells such as 4/5."""
    repeats: int = 0
    """Cells seen before, among the first UNIQUE_LIMIT rows."""
    values: dict[str, int] | None = field(default_factory=dict)
    """Each value with its count, or None when there are more than VALUES_LIMIT."""
    date_evidence: DateEvidence = field(default_factory=DateEvidence)
    counted_up: bool = True
    """Whether the cells are 0, 1, 2 ... or 1, 2, 3 ...: a row counter, no id."""
    _seen: set[int] = field(default_factory=set)

    def add(self, cells: Sequence[str], today: date) -> None:
        """Take the next cells of the column into account."""
        first = self.rows
        self.rows += len(cells)
        counts = Counter(cells)
        if first < UNIQUE_LIMIT:
            self._note_repeats(counts)
            self.counted_up = self.counted_up and _counts_up(cells, first)
        numbers = first < UNIQUE_LIMIT or max(self.numeric, self.emails, self.phones) > 0.4 * self.filled
        for cell, times in counts.items():
            if is_absent(cell):
                continue
            self.filled += times
            self.letters += len(cell) * times
            self.longest = max(self.longest, len(cell))
            self.spaced += times * (cell.strip().count(" ") >= 2)
            if numbers:
                self._note_number(cell, times)
            if self.values is not None:
                self.values[cell] = self.values.get(cell, 0) + times
        if self.values is not None and len(self.values) > VALUES_LIMIT:
            self.values = None
        self._note_dates(cells, today)

    def _note_repeats(self, counts: Counter[str]) -> None:
        for cell, times in counts.items():
            if is_absent(cell):
                continue
            mark = hash(cell)
            self.repeats += times - 1 + (mark in self._seen)
            self._seen.add(mark)
        if self.rows >= UNIQUE_LIMIT:
            self._seen.clear()

    def _note_number(self, cell: str, times: int) -> None:
        if len(cell) > 40:
            return
        value = number(cell)
        if value is not None:
            self.numeric += times
            self.whole += times * value.is_integer()
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
            top = out_of(cell)
            if top is not None:
                self.told_max = top if self.told_max is None else max(self.told_max, top)
        if "@" in cell:
            self.emails += times * bool(EMAIL.fullmatch(cell.strip()))
        elif len(cell) >= 7 and (value is None or cell.strip().startswith(("+", "0"))):
            self.phones += times * bool(PHONE.fullmatch(cell.strip()))

    def _note_dates(self, cells: Sequence[str], today: date) -> None:
        trying = self.tried_dates < DATE_TRIALS
        if not trying and not self.looks_dated:
            return
        reader = DateReader()
        for cell in cells:
            if len(cell) > 60 or is_absent(cell):
                continue
            if self.tried_dates < DATE_TRIALS:
                self.tried_dates += 1
                try:
                    reader(cell)
                    self.dates += 1
                except DateUnreadable as unreadable:
                    self.dates += unreadable.code != "date_unreadable"
            self.date_evidence.add(cell, today)

    @property
    def looks_dated(self) -> bool:
        """Whether nearly all cells tried are dates."""
        return self.tried_dates > 0 and self.dates >= 0.8 * self.tried_dates

    @property
    def mean_length(self) -> float:
        return self.letters / self.filled if self.filled else 0.0

    @property
    def distinct(self) -> int | None:
        """Number of distinct values; None when there are many."""
        return None if self.values is None else len(self.values)

    @property
    def unique(self) -> bool:
        """Whether no cell is empty or repeated, as far as was looked."""
        return self.rows > 0 and self.filled == self.rows and self.repeats == 0

    def numbers(self) -> dict[float, int]:
        """Each number of the column with its count; empty when there are many values."""
        found: dict[float, int] = {}
        for cell, times in (self.values or {}).items():
            value = number(cell)
            if value is not None:
                found[value] = found.get(value, 0) + times
        return found

    def as_dict(self) -> dict[str, Any]:
        stored = asdict(self)
        stored["_seen"] = []  # uniqueness is judged within the first piece of the file
        return stored

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> ColumnFacts:
        evidence = DateEvidence(**stored["date_evidence"])
        return cls(**{**stored, "date_evidence": evidence, "_seen": set()})


def _counts_up(cells: Sequence[str], first: int) -> bool:
    if not cells or not cells[0].strip().isdecimal() or len(cells[0]) > 9:
        return not cells
    offset = int(cells[0]) - first
    if offset not in (0, 1):
        return False
    return all(cell.strip() == str(first + offset + i) for i, cell in enumerate(cells))
