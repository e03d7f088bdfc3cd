"""How a file is laid out: CSV or JSONL, delimiter, quoting, header; sniffed from its beginning (pure).

The delimiter is tried, not guessed from counts: each candidate reads the first records, and the one under which
the records agree with each other and with the first line wins. A file of one column has no delimiter at all.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import orjson

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""Names for the command line, where the characters themselves are awkward."""
NO_DELIMITER: Final = "\x1f"
"""Stands in a file of one column: the csv module insists on a delimiter."""
_SAMPLE_RECORDS: Final = 200
MAX_COLUMNS: Final = 1_000
_TYPED: Final = re.compile(
    r"^\s*(?:[-+]?\d+(?:[.,]\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\S+@\S+\.\S+|(?:https?|www)\S+)\s*$"
)
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0e-\x1b\x7f]")


class LayoutRefused(ValueError):
    """The file cannot be read as CSV or JSONL; the words say why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """All that reading needs; JSON-able through `as_dict` and `from_dict`."""

    format: Literal["csv", "jsonl"]
    encoding: str
    bom: int = 0
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    skip_space: bool = False
    carriage_returns: bool = False
    header: bool = True
    columns: tuple[str, ...] = ()
    preamble: int = 0
    """Lines before the header that are no data (Excel's `sep=;`)."""
    shape: Literal["columns", "feedback"] = "columns"
    """JSONL only: `feedback` when its lines have the shape of POST /v1/feedback."""
    reasons: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Layout:
        return cls(**{**stored, "columns": tuple(stored["columns"])})


@dataclass(frozen=True, slots=True)
class _Reading:
    delimiter: str
    escape: str | None
    skip_space: bool
    quote: str = '"'


def sniff(
    head: str,
    *,
    encoding: str,
    bom: int = 0,
    complete: bool,
    format: Literal["csv", "jsonl"] | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Layout:
    """The layout of a file that begins with the text `head`; `complete` when that is all of it.

    What is given (format, delimiter, header) is taken, the rest is found. Raises LayoutRefused for an empty file
    and for one that has the looks of a spreadsheet, an archive or a web page.
    """
    if not head.strip("\ufeff\r\n\t \x00"):
        raise LayoutRefused("the file is empty")
    _refuse_foreign(head)
    text = head if complete else head[: max(head.rfind("\n"), head.rfind("\r")) + 1] or head
    if format == "jsonl" or (format is None and _looks_jsonl(text)):
        return _sniff_jsonl(text, encoding, bom)
    returns = "\n" not in text and "\r" in text
    if returns:
        text = text.replace("\r", "\n")
    preamble = 0
    told_first = re.match(r'"?sep=(.)"?\r?\n', text, re.IGNORECASE)
    if told_first:
        preamble, text = 1, text[told_first.end() :]
        delimiter = delimiter or told_first[1]
    reading, why = _read_best(text, delimiter)
    rows = _rows(text, reading)
    if not rows:
        raise LayoutRefused("the file is empty")
    has_header, header_why = (header, "told in the mapping") if header is not None else _header(rows)
    width = len(rows[0])
    columns = _names(rows[0]) if has_header else tuple(f"column_{i + 1}" for i in range(_usual_width(rows)))
    if max(width, len(columns)) > MAX_COLUMNS:
        raise LayoutRefused(f"more than {MAX_COLUMNS} columns; is the delimiter right?")
    return Layout(
        "csv", encoding, bom, reading.delimiter, reading.quote, reading.escape, reading.skip_space, returns,
        has_header, columns, preamble, "columns", {"delimiter": why, "header": header_why},
    )  # fmt: skip


def _refuse_foreign(head: str) -> None:
    start = head[:200].lstrip("\ufeff \r\n\t").lower()
    if start.startswith(("pk\x03\x04", "pk")) and "\x03" in head[:10]:
        raise LayoutRefused("this is an Excel workbook or an archive; save it as CSV (UTF-8) and send that")
    if start.startswith("%pdf"):
        raise LayoutRefused("this is a PDF; send CSV or JSONL")
    if start.startswith(("<!doctype html", "<html", "<?xml")):
        raise LayoutRefused("this is a web page or XML; send CSV or JSONL")
    strange = len(_CONTROL.findall(head[:8192]))
    if strange > 3 and strange > 0.02 * min(len(head), 8192):
        raise LayoutRefused("this is no text but a program's own file; export it as CSV (UTF-8) and send that")


def _looks_jsonl(text: str) -> bool:
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    objects = 0
    for line in lines:
        try:
            objects += isinstance(orjson.loads(line), dict)
        except orjson.JSONDecodeError:
            continue
    return objects > 0 and objects >= 0.5 * len(lines)


_FEEDBACK_KEYS: Final = frozenset({
    "channel", "source", "submission_id", "occurred_at", "customer", "ratings", "text", "title", "language", "unit",
    "touchpoint", "attributes",
})  # fmt: skip


def _sniff_jsonl(text: str, encoding: str, bom: int) -> Layout:
    if text.lstrip("\ufeff \r\n\t").startswith("["):
        raise LayoutRefused("this is one JSON array; send JSONL, one object a line, or use POST /v1/feedback/batch")
    columns: dict[str, None] = {}
    objects = ours = nested = 0
    for line in [line for line in text.split("\n") if line.strip()][:_SAMPLE_RECORDS]:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(value, dict):
            continue
        objects += 1
        ours += value.keys() <= _FEEDBACK_KEYS
        nested += isinstance(value.get("ratings"), list) or isinstance(
            value.get("customer", value.get("attributes")), dict
        )
        columns.update(dict.fromkeys(flatten(value)))
    if not objects:
        raise LayoutRefused("none of its first lines is a JSON object")
    shape: Literal["columns", "feedback"] = "feedback" if nested and ours > objects / 2 else "columns"
    why = "its lines have the shape of POST /v1/feedback" if shape == "feedback" else "its lines are flat objects"
    return Layout(
        "jsonl", encoding, bom, columns=tuple(list(columns)[:MAX_COLUMNS]), header=False, shape=shape,
        reasons={"format": why},
    )  # fmt: skip


def flatten(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """A JSON object as cells: nested names joined by a dot, lists as JSON, null as an empty cell."""
    cells: dict[str, str] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict) and prefix.count(".") < 4:
            cells.update(flatten(inner, f"{name}."))
        elif inner is None:
            cells[name] = ""
        elif isinstance(inner, str):
            cells[name] = inner
        elif isinstance(inner, bool):
            cells[name] = "true" if inner else "false"
        elif isinstance(inner, int | float):
            cells[name] = repr(inner)
        else:
            cells[name] = orjson.dumps(inner).decode()
    return cells


def _rows(text: str, reading: _Reading) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=reading.delimiter,
        quotechar=reading.quote,
        escapechar=reading.escape,
        skipinitialspace=reading.skip_space,
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_RECORDS:
                break
    except csv.Error:
        pass  # the records before the fault are sample enough
    return rows


def _usual_width(rows: list[list[str]]) -> int:
    return Counter(len(row) for row in rows).most_common(1)[0][0]


def _read_best(text: str, told: str | None) -> tuple[_Reading, str]:
    delimiters = [told] if told else list(DELIMITERS.values())
    readings = [
        _Reading(delimiter, escape, skip, quote)
        for quote in ('"', "'")
        for escape in (None, "\\")
        for skip in (False, True)
        for delimiter in delimiters
    ]
    best, best_score, best_width = readings[0], -1.0, 1
    for reading in readings:
        if (reading.quote == "'" and not re.search(r"(?m)^'.*'\r?$", text)) or (reading.escape and '\\"' not in text):
            continue
        rows = _rows(text, reading)
        if not rows:
            continue
        width = _usual_width(rows)
        agree = sum(len(row) == width for row in rows) / len(rows)
        score = agree + (0.5 if len(rows[0]) == width else 0.0) + min(width, 20) / 100
        if width > 1 and score > best_score + 0.02:
            best, best_score, best_width = reading, score, width
    name = next((name for name, char in DELIMITERS.items() if char == best.delimiter), "the character told")
    if told:
        return best, "told in the mapping or in the file's first line"
    if best_width == 1 or best_score < 1.0:
        return _Reading(NO_DELIMITER, None, False), "no delimiter divides the lines evenly: one column"
    return best, f"with {name} the first records have {best_width} cells each"


def _header(rows: list[list[str]]) -> tuple[bool, str]:
    first, rest = rows[0], rows[1:]
    named = [cell.strip() for cell in first]
    if any(_TYPED.match(cell) for cell in named if cell):
        return False, "the first line holds numbers, dates or addresses: no header"
    if rest and len(first) == 1:
        longest, usual = len(first[0]), sum(len(row[0]) for row in rest) / len(rest)
        if longest > 60 or (longest > 25 and longest > usual):
            return False, "the first line is as long as the others: no header"
    if any(len(cell) > 300 for cell in named):
        return False, "the first line holds long text: no header"
    return True, "the first line holds names"


def _names(first: list[str]) -> tuple[str, ...]:
    """Header names, made unique: an empty one becomes column_3, a repeated one gets _2."""
    seen: set[str] = set()
    names = []
    for index, cell in enumerate(first):
        base = " ".join(cell.strip("\ufeff \r\n\t").split()) or f"column_{index + 1}"
        name, copy = base, 2
        while name in seen:
            name, copy = f"{base}_{copy}", copy + 1
        seen.add(name)
        names.append(name)
    return tuple(names)
