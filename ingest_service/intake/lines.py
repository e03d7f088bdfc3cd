"""A batch body cut into records: a JSON array, or NDJSON; a bad line is a fault of its own (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from ingest_service.intake.schemas import BATCH_BYTES, BATCH_RECORDS
from shared.contracts.problems import Code, FieldProblem, Problem

NDJSON_TYPES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not JSON."""

    fault: FieldProblem


def read_batch(body: bytes, content_type: str) -> list[tuple[int, Any | BadLine]]:
    """(index, record) of each record of `body`.

    The index counts from 0: elements of the array, or lines of the NDJSON document (blank lines count, so that
    index + 1 is the line an editor shows, but are no records). The content type decides; `application/json` may hold
    either, told apart by the first character. Raises Problem for a body that is no batch, is empty or is too large.
    """
    kind = content_type.split(";", 1)[0].strip().lower()
    if len(body) > BATCH_BYTES:
        raise Problem(Code.BODY_TOO_LARGE, f"Send at most {BATCH_BYTES // 1024 // 1024} MiB at a time.")
    if kind in NDJSON_TYPES:
        records = _lines(body)
    elif kind == "application/json":
        records = _array(body) if body[:64].lstrip().startswith(b"[") else _lines(body)
    else:
        raise Problem(
            Code.CONTENT_TYPE_UNSUPPORTED,
            "Send a JSON array with Content-Type: application/json, or one JSON document a line with "
            "Content-Type: application/x-ndjson.",
        )
    if not records:
        raise Problem(Code.BODY_INVALID, "The batch holds no records.")
    return records


def _array(body: bytes) -> list[tuple[int, Any | BadLine]]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as bad:
        raise Problem(
            Code.BODY_NOT_JSON,
            f"The array is not valid JSON in UTF-8: line {bad.lineno}, column {bad.colno}. Nothing was stored. "
            "Send NDJSON if some records may be broken: then the others are stored.",
        ) from None
    if len(value) > BATCH_RECORDS:
        raise _too_many()
    return list(enumerate(value))


def _lines(body: bytes) -> list[tuple[int, Any | BadLine]]:
    lines = [(index, line) for index, line in enumerate(body.split(b"\n")) if line.strip()]
    if len(lines) > BATCH_RECORDS:
        raise _too_many()
    return [(index, _line(line)) for index, line in lines]


def _line(line: bytes) -> Any | BadLine:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as bad:
        return BadLine(FieldProblem("", "not_json", f"the line is not valid JSON in UTF-8: column {bad.colno}"))


def _too_many() -> Problem:
    return Problem(Code.BODY_TOO_LARGE, f"Send at most {BATCH_RECORDS} records at a time.")
