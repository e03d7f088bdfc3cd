"""A dry run: both passes over the file without storing a row; what people look at before they import.

Bounded in time: a request must end. What was not checked within it is said (`complete: false`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

from ingest_service.imports.columns import ColumnFacts
from ingest_service.imports.layout import Layout
from ingest_service.imports.mapping import Mapping
from ingest_service.imports.profile import guess, own_shape, profile_from, profile_shape
from ingest_service.imports.rows import RowReader
from ingest_service.imports.schemas import (
    ColumnShown,
    DryRun,
    DryRunErrors,
    DryRunRows,
    ErrorShown,
    FileShown,
    Warned,
)
from ingest_service.imports.slices import ProfilePass, Rejection, RowStream
from ingest_service.intake.preparation import Origin
from shared.foundation.clock import now

FIRST_PASS_SECONDS: Final = 10.0
SECOND_PASS_SECONDS: Final = 10.0
SAMPLE_ROWS: Final = 20
ERRORS_SHOWN: Final = 20

Window = Callable[[int], Awaitable[bytes]]
"""Reads the file from a position on, some MiB."""


async def dry_run(
    window: Window, *, layout: Layout, file: FileShown, start: int, first_line: int, told: Mapping, origin: Origin
) -> DryRun:
    """Look at the file as an import would. Raises MappingRefused when the mapping does not fit its columns."""
    look = ProfilePass(layout, now().date())
    position, until = start, monotonic() + FIRST_PASS_SECONDS
    while position < file.size_bytes and monotonic() < until:
        data = await window(position)
        position += await asyncio.to_thread(look.feed, data, final=position + len(data) >= file.size_bytes)
    layout = look.layout
    shape = own_shape(told.as_dict())
    if layout.shape == "columns":
        shape = profile_shape(await asyncio.to_thread(guess, layout.columns, look.facts, told, file.filename or ""))
    profile = profile_from(shape)
    reader = RowReader(
        layout.columns, profile.roles, file.sha256, profile.date_order, profile.timezone, profile.channel,
        profile.source, profile.plain_numbers,
    )  # fmt: skip
    rows, lines, valid, rejected = 0, 0, 0, 0
    counts: Counter[str] = Counter()
    first: list[Rejection] = []
    sample: list[dict[str, Any]] = []
    scanned = position
    position, until = start, monotonic() + SECOND_PASS_SECONDS
    while position < file.size_bytes and monotonic() < until:
        data = await window(position)
        final = position + len(data) >= file.size_bytes
        stream = RowStream(data, final, layout, reader, origin, rows + 1, first_line + lines + 1)
        piece = await asyncio.to_thread(stream.take, len(data), 1.0, SAMPLE_ROWS - len(sample))
        position += piece.end
        rows, lines = rows + piece.rows, lines + piece.lines
        valid, rejected = valid + len(piece.prepared), rejected + piece.rejected
        counts += piece.error_counts
        first += piece.rejections[: ERRORS_SHOWN - len(first)]
        sample += piece.samples
    complete = position >= file.size_bytes and scanned >= file.size_bytes
    return DryRun(
        file=file,
        mapping=shape["mapping"],
        columns=_columns(shape, dict(zip(layout.columns, look.facts, strict=True))),
        reasons=shape["reasons"],
        warnings=[Warned(**one) for one in shape["warnings"]],
        rows=DryRunRows(total=look.rows, checked=rows, valid=valid, rejected=rejected, complete=complete),
        errors=DryRunErrors(
            counts=dict(counts),
            first=[
                ErrorShown(
                    row=one.row, line=one.line, column=one.fault.column, code=one.fault.code, detail=one.fault.detail
                )
                for one in first
            ],
        ),
        notes=dict(reader.notes),
        sample=sample,
    )


def _columns(shape: dict[str, Any], facts: dict[str, ColumnFacts]) -> list[ColumnShown]:
    shown = []
    for one in shape["columns"]:
        seen = facts[one["name"]]
        numeric = seen.filled > 0 and seen.numeric >= 0.9 * seen.filled
        shown.append(
            ColumnShown(
                **one,
                filled=seen.filled,
                empty=seen.rows - seen.filled,
                distinct=seen.distinct,
                min=seen.low if numeric else None,
                max=seen.high if numeric else None,
                longest=seen.longest,
            )
        )
    return shown
