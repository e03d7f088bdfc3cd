"""Reads and writes of cells, and counts straight from the records where cells cannot answer.

The records are read through two views, one row per answer that counts: `analysis.observations` for scores of the
whole, `analysis.aspect_observations` for sub-scores (see migration 0001).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from analysis_service.metrics.cells import CellKey
from analysis_service.metrics.filters import Dimensions, conditions
from analysis_service.metrics.tally import SENTIMENT, Tally, of_rating, of_sentiment
from shared.database import Batch, Transaction

_ADD = """
INSERT INTO analysis.metric_cells AS cell
    (org_id, metric, hour, facet, scale, aspect, n, favourable, neutral, unfavourable, total, total_squares)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::numeric[])
ON CONFLICT (org_id, metric, hour, facet, scale, aspect) DO UPDATE SET
    n = cell.n + excluded.n,
    favourable = cell.favourable + excluded.favourable,
    neutral = cell.neutral + excluded.neutral,
    unfavourable = cell.unfavourable + excluded.unfavourable,
    total = cell.total + excluded.total,
    total_squares = cell.total_squares + excluded.total_squares
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which answers are asked for. `starts` are the beginnings of the buckets, ascending; the last ends at `end`."""

    metric: str
    aspect: str
    starts: Sequence[datetime]
    end: datetime
    group_by: str | None
    dimensions: Dimensions


@dataclass(frozen=True, slots=True)
class Part:
    """A count for one bucket, group and scale. `bucket` counts from 0; `group` is empty where there is none."""

    bucket: int
    group: str
    scale: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Voices:
    """Who answered: distinct customers, and answers that name no customer.

    `bucket` and `group` None: over the whole window; `scale` None as well: on whatever scale.
    """

    bucket: int | None
    group: str | None
    scale: str | None
    customers: int
    anonymous: int


async def first_at(tx: Batch | Transaction, org_id: UUID) -> datetime | None:
    """When the organisation's oldest record occurred; None without records."""
    found: datetime | None = await (await tx.driver()).fetchval(
        "SELECT min(occurred_at) FROM analysis.records WHERE org_id = $1", org_id
    )
    return found


async def add_to_cells(batch: Batch, org_ids: Collection[UUID], cells: Sequence[tuple[CellKey, Tally]]) -> None:
    """Add tallies (ordered by key, see `cells.merge`) to the cells of `org_ids`, in the caller's transaction."""
    mine = [(key, tally) for key, tally in cells if key.org_id in org_ids]
    if not mine:
        return
    keys = zip(*(key for key, _ in mine), strict=True)
    tallies = zip(
        *((t.n, t.favourable, t.neutral, t.unfavourable, t.total, t.total_squares) for _, t in mine),
        strict=True,
    )
    await batch.conn.execute(_ADD, *map(list, keys), *map(list, tallies))


async def from_cells(batch: Batch, org_id: UUID, asked: Slice) -> list[Part]:
    """Counts out of the cells. Every start and the end must be whole hours (UTC)."""
    arguments: list[object] = [org_id, asked.metric, list(asked.starts), asked.end, asked.aspect]
    where = conditions(asked.dimensions, "f", arguments)
    rows = await batch.conn.fetch(
        f"""
        SELECT width_bucket(c.hour, $3::timestamptz[]) - 1 AS bucket, {_group(asked)} AS grp, c.scale,
               sum(c.n)::bigint AS n, sum(c.favourable)::bigint AS favourable, sum(c.neutral)::bigint AS neutral,
               sum(c.unfavourable)::bigint AS unfavourable, sum(c.total)::bigint AS total,
               sum(c.total_squares) AS total_squares
        FROM analysis.metric_cells c {_join("c", asked)}
        WHERE c.org_id = $1 AND c.metric = $2 AND c.hour >= ($3::timestamptz[])[1] AND c.hour < $4
          AND c.aspect = $5 {where}
        GROUP BY 1, 2, 3 HAVING sum(c.n) <> 0
        """,
        *arguments,
    )
    return [Part(row["bucket"], row["grp"], row["scale"], Tally(*(int(row[name]) for name in _TALLY))) for row in rows]


_TALLY = ("n", "favourable", "neutral", "unfavourable", "total", "total_squares")


async def from_records(batch: Batch, org_id: UUID, asked: Slice) -> list[Part]:
    """The same counts out of the records: for any instant, at the cost of reading every record of the window.

    Equal answers come counted, so that the rules of `tally.py` decide here as they do for cells.
    """
    arguments: list[object] = [org_id, asked.metric, list(asked.starts), asked.end, asked.aspect]
    where = conditions(asked.dimensions, "f", arguments)
    rows = await batch.conn.fetch(
        f"""
        SELECT width_bucket(o.occurred_at, $3::timestamptz[]) - 1 AS bucket, {_group(asked)} AS grp, o.scale,
               o.value, o.label, count(*) AS times
        FROM {_answers(asked)} o {_join("o", asked)}
        WHERE o.org_id = $1 AND o.metric = $2 AND o.occurred_at >= ($3::timestamptz[])[1] AND o.occurred_at < $4
          AND o.aspect = $5 {where}
        GROUP BY 1, 2, 3, 4, 5
        """,
        *arguments,
    )
    counted: dict[tuple[int, str, str], Tally] = {}
    for row in rows:
        key = (row["bucket"], row["grp"], row["scale"])
        one = _tally_of(asked.metric, row["scale"], row["value"], row["label"])
        counted[key] = counted.get(key, Tally()) + one.times(row["times"])
    return [Part(*key, tally) for key, tally in counted.items()]


def _tally_of(metric: str, scale: str, value: float | None, label: str | None) -> Tally:
    if value is None:
        return Tally(n=1)
    if metric == SENTIMENT:
        return of_sentiment(label or "", value)
    return of_rating(metric, scale, value)


_EVERYTHING = 3  # grouping(bucket, scale) has a bit set for each column left out


async def voices(batch: Batch, org_id: UUID, asked: Slice, *, scales: int) -> list[Voices]:
    """Distinct customers per bucket, group and scale; over everything; and, with several `scales`, per scale.

    Distinct counts do not add up, so no cell can hold them; one pass over the covering index makes all levels.
    """
    arguments: list[object] = [org_id, asked.metric, list(asked.starts), asked.end, asked.aspect]
    where = conditions(asked.dimensions, "f", arguments)
    per_scale = ", (scale, customer_id)" if scales > 1 else ""
    rows = await batch.conn.fetch(
        f"""
        SELECT bucket, grp, scale, whole, count(customer_id) AS customers,
               coalesce(sum(times) FILTER (WHERE customer_id IS NULL), 0)::bigint AS anonymous
        FROM (
            SELECT bucket, grp, scale, customer_id, count(*) AS times, grouping(bucket, scale) AS whole
            FROM (
                SELECT width_bucket(o.occurred_at, $3::timestamptz[]) - 1 AS bucket, {_group(asked)} AS grp,
                       o.scale, o.customer_id
                FROM {_answers(asked)} o {_join("o", asked)}
                WHERE o.org_id = $1 AND o.metric = $2 AND o.occurred_at >= ($3::timestamptz[])[1]
                  AND o.occurred_at < $4 AND o.aspect = $5 {where}
            ) answers
            GROUP BY GROUPING SETS ((bucket, grp, scale, customer_id), (customer_id){per_scale})
        ) people
        GROUP BY bucket, grp, scale, whole
        """,
        *arguments,
    )
    return [
        Voices(
            None if row["whole"] else row["bucket"],
            None if row["whole"] else row["grp"],
            None if row["whole"] == _EVERYTHING else row["scale"],
            row["customers"],
            row["anonymous"],
        )
        for row in rows
    ]


def _group(asked: Slice) -> str:
    return f"f.{asked.group_by}" if asked.group_by else "''::text"


def _answers(asked: Slice) -> str:
    return "analysis.aspect_observations" if asked.aspect else "analysis.observations"


def _join(alias: str, asked: Slice) -> str:
    """The facets are joined only where a group or a filter needs them."""
    if asked.group_by is None and not asked.dimensions.any():
        return ""
    return f"JOIN analysis.facets f ON f.org_id = {alias}.org_id AND f.facet = {alias}.facet"


async def unfinished(tx: Batch | Transaction, org_id: UUID) -> tuple[int, int]:
    """Feedback of this organisation that is (received and not analysed yet, given up)."""
    row = await (await tx.driver()).fetchrow(
        """
        SELECT (SELECT count(*) FROM messaging.deliveries
                WHERE org_id = $1 AND queue = 'analysis' AND state = 'pending') AS pending,
               (SELECT count(*) FROM messaging.deliveries
                WHERE org_id = $1 AND queue = 'analysis' AND state = 'dead') AS dead
        """,
        org_id,
    )
    return row["pending"], row["dead"]
