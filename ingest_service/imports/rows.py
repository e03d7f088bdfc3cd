"""One row and the mapping make one submission in the shape of POST /v1/feedback, or faults and how to mend them (pure).

An empty score is absent, never nought. A row with neither score nor text is the fault "empty". A row without an id
of its own gets one from the file's digest and its number, so that the same file twice is the same feedback.
Attributes keep their cells as text but for columns of plain numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingest_service.imports.cells import ABSENT, NUMBER, number
from ingest_service.imports.dates import DateReader, DateUnreadable, Order
from ingest_service.imports.headers import slug
from ingest_service.imports.mapping import ColumnRole

UNANSWERED: Final = ABSENT | {
    "none", "na", "n.a.", "not applicable", "don't know", "dont know", "do not know", "unsure", "not sure",
    "prefer not to say", "no answer", "no response", "not answered", "skipped", "skip", "not rated", "unrated",
    "?", "x", ".",
}  # fmt: skip
"""What stands in a score column where nobody scored."""

ATTRIBUTE_LIMIT: Final = 2_048
NAME_LIMIT: Final = 64
LABEL_LIMIT: Final = 255
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

MEND: Final[dict[str, str]] = {
    "empty": "the row has neither a score nor a text; is the mapping right?",
    "score_unreadable": 'write the score as a number, or list such cells under "absent" or "values" of this column',
    "score_out_of_scale": "the score lies outside of the column's scale; correct it, or give the column a wider scale",
    "score_not_whole": "an NPS answer is a whole number from 0 to 10",
    "date_unreadable": "write the date as 2018-01-22 or 2018-01-22T21:03:00Z",
    "date_impossible": 'there is no such day; if day and month changed places, set "date_order"',
    "timezone_unknown": 'write the time zone as an offset such as +01:00, or leave it out and set "timezone"',
    "unclosed_quote": "a quote is opened and never closed, or the line has too few or too many cells; double the quote",
    "too_many_cells": "the row has more cells than the file has columns; quote the cell that holds the delimiter",
    "record_too_long": "the row is longer than 2 MiB; is a quote missing before it?",
    "invalid_json": "the line is not valid JSON (NaN is not either); write null for nothing",
    "not_an_object": "each line must be one JSON object",
}
"""How to mend each fault that this slice finds; faults of intake bring their own words."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row. `column` is None when it is the whole row. Never repeats what is in the cell."""

    code: str
    detail: str
    column: str | None = None


class RowRefused(Exception):
    """A row that cannot be stored, with each fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def fault(code: str, column: str | None = None) -> Fault:
    """A fault of this slice with its words."""
    return Fault(code, MEND[code], column)


Setter = Callable[[str, dict[str, Any], list[Fault]], None]


@dataclass(slots=True)
class RowReader:
    """Turns cells into submissions. `notes` counts what was left out or shortened though the row was kept."""

    columns: Sequence[str]
    roles: Mapping[str, ColumnRole]
    digest: str
    """Hex digest of the whole file."""
    order: Order = "DMY"
    timezone: str = "UTC"
    channel: str = "import"
    source: str = "import"
    plain_numbers: frozenset[str] = frozenset()
    """Attribute columns whose every cell is a plain number."""
    notes: Counter[str] = field(default_factory=Counter)
    column_of: dict[str, str] = field(default_factory=dict)
    """JSON pointer in the submission → column, to report intake's faults where they arose."""
    _setters: list[tuple[int, Setter]] = field(default_factory=list)
    _dates: DateReader = field(init=False)

    def __post_init__(self) -> None:
        self._dates = DateReader(self.order, self.timezone)
        for index, name in enumerate(self.columns):
            setter = self._setter(name, self.roles.get(name, ColumnRole("ignore")))
            if setter is not None:
                self._setters.append((index, setter))

    def __call__(self, cells: Sequence[str], row: int) -> dict[str, Any]:
        """The submission of data row `row` (1 is the first). Raises RowRefused."""
        submission: dict[str, Any] = {"channel": self.channel, "source": self.source}
        faults: list[Fault] = []
        have = len(cells)
        for index, setter in self._setters:
            if index < have and (cell := cells[index]):
                setter(cell, submission, faults)
        if "text" not in submission and "ratings" not in submission and not faults:
            faults.append(fault("empty"))
        if faults:
            raise RowRefused(faults)
        if "submission_id" not in submission:
            submission["submission_id"] = row_id(self.digest, row)
        customer = submission.get("customer")
        if customer is not None and len(customer) == 1 and "name" in customer:
            del submission["customer"]
            self.notes["name_without_identity"] += 1
        return submission

    def own(self, told: dict[str, Any], row: int) -> dict[str, Any]:
        """A JSONL line in our own shape, with what it leaves to the file filled in."""
        submission = {"channel": self.channel, **told}
        if submission.get("submission_id") is None:
            submission["submission_id"] = row_id(self.digest, row)
            if submission.get("source") is None:
                submission["source"] = self.source
        return submission

    def _setter(self, column: str, role: ColumnRole) -> Setter | None:
        absent = frozenset(cell.strip().lower() for cell in role.absent)
        if role.metric is not None:
            return self._score(column, role, UNANSWERED | absent)
        absent |= ABSENT
        setter: Setter | None = None
        match role.role:
            case "ignore":
                pass
            case "text":
                setter = _text(absent)
            case "occurred_at":
                setter = self._date(column, absent)
            case "attribute":
                setter = self._attribute(column, role.name, absent | {"none"})
            case "customer.external_id" | "customer.email" | "customer.phone" | "customer.name":
                setter = self._customer(column, role.role.removeprefix("customer."), absent | {"none"})
            case key:
                self.column_of[f"/{key}"] = column
                setter = self._label(key, absent | ({"none"} if key != "title" else set()))
        return setter

    def _score(self, column: str, role: ColumnRole, absent: frozenset[str]) -> Setter:
        low, high = role.low, role.high
        scale = None if low is None else {"min": low, "max": high, "direction": role.direction}
        words = role.values or {}
        base: dict[str, Any] = {"metric": role.metric, **({"scale": scale} if scale else {})}
        if role.aspect is not None:
            base["aspect"] = role.aspect
        known: dict[str, dict[str, Any] | Fault | None] = {}

        def read(cell: str) -> dict[str, Any] | Fault | None:
            plain = cell.strip().lower()
            if plain in absent:
                return None
            value = words.get(plain)
            if value is None:
                value = number(cell)
            if value is None:
                return fault("score_unreadable", column)
            if low is not None and high is not None and not low <= value <= high:
                return fault("score_out_of_scale", column)
            if role.metric == "nps" and not value.is_integer():
                return fault("score_not_whole", column)
            return {**base, "value": value}

        def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
            if cell in known:
                found = known[cell]
            else:
                found = read(cell)
                if len(known) < 500:
                    known[cell] = found
            if isinstance(found, Fault):
                faults.append(found)
            elif found is not None:
                submission.setdefault("ratings", []).append(found)

        return put

    def _date(self, column: str, absent: frozenset[str]) -> Setter:
        self.column_of["/occurred_at"] = column

        def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
            if len(cell) <= 11 and cell.strip().lower() in absent:
                self.notes["date_missing"] += 1
                return
            try:
                submission["occurred_at"] = self._dates(cell[:100]).isoformat()
            except DateUnreadable as unreadable:
                faults.append(fault(unreadable.code, column))

        return put

    def _attribute(self, column: str, told: str | None, absent: frozenset[str]) -> Setter:
        name = told or column
        if len(name) > NAME_LIMIT or _CONTROL.search(name) or name != name.strip():
            name = slug(name, NAME_LIMIT)
        self.column_of[f"/attributes/{name}"] = column
        numeric = column in self.plain_numbers

        def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
            text = cell.strip()
            if len(text) <= 11 and text.lower() in absent:
                return
            value: str | float = text
            if numeric and NUMBER.fullmatch(text):
                value = float(text) if "." in text else int(text)
            elif len(text) > ATTRIBUTE_LIMIT:
                value = text[: ATTRIBUTE_LIMIT - 1] + "…"
                self.notes["attribute_shortened"] += 1
            submission.setdefault("attributes", {})[name] = value

        return put

    def _customer(self, column: str, key: str, absent: frozenset[str]) -> Setter:
        self.column_of[f"/customer/{key}"] = column

        def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
            value = _CONTROL.sub(" ", cell).strip()[:LABEL_LIMIT]
            if value.lower() in absent:
                return
            customer = submission.setdefault("customer", {})
            customer[key] = f"{customer[key]} {value}"[:LABEL_LIMIT] if key in customer else value

        return put

    def _label(self, key: str, absent: frozenset[str]) -> Setter:
        limit = {"channel": 64, "title": 1_000, "language": 35}.get(key, LABEL_LIMIT)

        def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
            value = _CONTROL.sub(" ", cell).strip()
            if value.lower() in absent:
                return
            if len(value) > limit:
                value = value[:limit].rstrip()
                self.notes[f"{key}_shortened"] += 1
            submission[key] = value

        return put


def _text(absent: frozenset[str]) -> Setter:
    def put(cell: str, submission: dict[str, Any], faults: list[Fault]) -> None:
        text = cell.strip()
        if len(text) <= 11 and text.lower() in absent:
            return
        submission["text"] = f"{submission['text']}\n\n{text}" if "text" in submission else text

    return put


def row_id(digest: str, row: int) -> str:
    """The id of a row that has none: the same file gives the same id."""
    return f"{digest[:24]}-{row}"
