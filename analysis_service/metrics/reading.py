"""Answers one question about one metric: cells where whole hours are asked for, records for the ragged ends.

A window is read in up to three parts: records up to its first whole hour, cells, records after its last whole hour.
Where a bucket begins inside an hour (time zones half an hour off) cells cannot cut it and the records answer alone.
Both ways give the same counts; tests/analysis_service/metrics/test_routes.py proves it over random histories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from analysis_service.metrics import queries, series, windows
from analysis_service.metrics.filters import Dimensions
from analysis_service.metrics.queries import Part, Slice
from analysis_service.metrics.series import Counts, Key
from analysis_service.metrics.tally import SENTIMENT, UNSCORED, Tally
from shared.database import Batch

PLANNED = "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '32MB'"
"""For the transaction of an answer: hash what is joined, count distinct customers without spilling.

Under row-level security the planner takes every table for nearly empty and would join facets row by row (measured: 3 s
instead of 30 ms over 20,000 records).
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One metric over one window. `exact`: read the records even where cells could answer (for checks)."""

    metric: str
    aspect: str
    start: datetime
    end: datetime
    interval: windows.IntervalName
    tz: ZoneInfo
    group_by: str | None
    dimensions: Dimensions
    exact: bool = False


async def answer(batch: Batch, org_id: UUID, question: Question) -> dict[str, Any]:
    """`series`, `totals`, `total` and `notes` as the API shows them.

    Raises WindowRefused or TooManyPoints.
    """
    metric = question.metric
    buckets = windows.cut(question.start, question.end, question.interval, question.tz)
    asked = Slice(
        metric,
        question.aspect,
        [bucket.start for bucket in buckets],
        buckets[-1].end,
        question.group_by,
        question.dimensions,
    )
    await batch.conn.execute(PLANNED)
    tallies = await _count(batch, org_id, asked, exact=question.exact)
    unscored: dict[Key, Tally] = {}
    if metric == SENTIMENT:
        unscored = await _count(batch, org_id, replace(asked, metric=UNSCORED), exact=question.exact)
    voices: dict[Key, tuple[int, int]] = {}
    in_all: dict[str, tuple[int, int]] = {}
    everybody = (0, 0)
    if tallies:
        scales = {scale for _, _, scale in tallies}
        for one in await queries.voices(batch, org_id, asked, scales=len(scales)):
            if one.scale is None:
                everybody = (one.customers, one.anonymous)
                in_all |= dict.fromkeys(scales if len(scales) == 1 else (), everybody)
            elif one.bucket is None:
                in_all[one.scale] = (one.customers, one.anonymous)
            else:
                voices[one.bucket, one.group or "", one.scale] = (one.customers, one.anonymous)
    counts = Counts(tallies, unscored, voices, in_all)
    each = series.totals(metric, buckets, counts)
    return {
        "series": series.points(metric, buckets, counts, grouped=question.group_by is not None),
        "totals": each,
        "total": series.total(metric, each, everybody),
        "notes": series.notes(metric, each),
    }


async def _count(batch: Batch, org_id: UUID, asked: Slice, *, exact: bool) -> dict[Key, Tally]:
    parts: list[Part] = []
    first, last = windows.whole_hours(asked.starts[0], asked.end)
    if exact or first >= last or not all(map(windows.on_the_hour, asked.starts[1:])):
        parts += await queries.from_records(batch, org_id, asked)
    else:
        parts += await _between(batch, org_id, asked, asked.starts[0], first)
        starts = [first, *(start for start in asked.starts[1:] if start > first)]
        skipped = len(asked.starts) - len(starts)
        cells = await queries.from_cells(batch, org_id, replace(asked, starts=starts, end=last))
        parts += [replace(part, bucket=part.bucket + skipped) for part in cells]
        parts += await _between(batch, org_id, asked, last, asked.end)
    counted: dict[Key, Tally] = {}
    for part in parts:
        key = (part.bucket, part.group, part.scale)
        counted[key] = counted.get(key, Tally()) + part.tally
    return {key: tally for key, tally in counted.items() if tally.n}


async def _between(batch: Batch, org_id: UUID, asked: Slice, start: datetime, end: datetime) -> Sequence[Part]:
    """Records of a ragged end; it lies within one hour and so within one bucket."""
    if start >= end:
        return []
    bucket = sum(1 for begins in asked.starts if begins <= start) - 1
    parts = await queries.from_records(batch, org_id, replace(asked, starts=[start], end=end))
    return [replace(part, bucket=bucket) for part in parts]
