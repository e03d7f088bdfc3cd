"""SQL of the imports. Whoever moves an import on locks its row first, so that two workers never read the same slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from ingest_service.imports.tables import ImportErrorRow, ImportRow
from shared.database import Batch, Transaction

PART_BYTES: Final = 1024 * 1024
"""Every part but the last has exactly this size, so a position tells its part."""
ERRORS_KEPT: Final = 100_000
"""Errors stored per import; beyond it only their number by code is kept."""

HIDDEN: Final = ("receiving",)
"""Statuses of rows that are no imports yet."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One fault of one row, as it is stored."""

    row: int
    ordinal: int
    line: int
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standstill:
    """An import that is not done and does not go on."""

    org_id: UUID
    id: UUID
    status: str
    position: int
    created_at: datetime


async def create(batch: Batch, org_id: UUID, import_id: UUID, *, created_by: str | None, at: datetime) -> None:
    """A row for an upload that begins."""
    await batch.conn.execute(
        """
        INSERT INTO ingest.imports (org_id, id, status, stage, size_bytes, told, position, line, rows_read, accepted,
            duplicates, revised, rejected, error_counts, notes, created_by, created_at, touched_at)
        VALUES ($1, $2, 'receiving', 'profile', 0, '{}', 0, 0, 0, 0, 0, 0, 0, '{}', '{}', $3, $4, $4)
        """,
        org_id, import_id, created_by, at,
    )  # fmt: skip


async def count_unfinished(batch: Batch, org_id: UUID) -> int:
    """Uploads and imports of the organisation that are under way."""
    found: int = await batch.conn.fetchval(
        "SELECT count(*) FROM ingest.imports WHERE org_id = $1 AND stage <> 'done'", org_id
    )
    return found


async def add_part(batch: Batch, org_id: UUID, import_id: UUID, start: int, data: bytes, *, at: datetime) -> None:
    """Store the next part of an upload."""
    await batch.conn.execute(
        "INSERT INTO ingest.import_parts (org_id, import_id, start, data) VALUES ($1, $2, $3, $4)",
        org_id, import_id, start, data,
    )  # fmt: skip
    await batch.conn.execute(
        "UPDATE ingest.imports SET size_bytes = $3, touched_at = $4 WHERE org_id = $1 AND id = $2",
        org_id, import_id, start + len(data), at,
    )  # fmt: skip


async def receive(
    batch: Batch, org_id: UUID, import_id: UUID, *, digest: str, filename: str | None, told: Mapping[str, Any],
    layout: Mapping[str, Any], position: int, line: int, at: datetime,
) -> None:  # fmt: skip
    """The upload is whole: it becomes a queued import whose data begins at `position`, behind `line` lines."""
    await batch.conn.execute(
        """
        UPDATE ingest.imports SET status = 'queued', digest = $3, filename = $4, told = $5, layout = $6,
            position = $7, line = $8, touched_at = $9
        WHERE org_id = $1 AND id = $2
        """,
        org_id, import_id, digest, filename, dict(told), dict(layout), position, line, at,
    )  # fmt: skip


async def discard(batch: Batch, org_id: UUID, import_id: UUID) -> None:
    """Delete an upload that never became an import, with its bytes."""
    await batch.conn.execute(
        "DELETE FROM ingest.imports WHERE org_id = $1 AND id = $2 AND status = 'receiving'", org_id, import_id
    )


async def read_bytes(batch: Batch, org_id: UUID, import_id: UUID, position: int, length: int) -> bytes:
    """At most `length` bytes of the upload from `position` on."""
    first = position // PART_BYTES * PART_BYTES
    parts = await batch.conn.fetch(
        """
        SELECT data FROM ingest.import_parts
        WHERE org_id = $1 AND import_id = $2 AND start >= $3 AND start < $4 ORDER BY start
        """,
        org_id, import_id, first, position + length,
    )  # fmt: skip
    data = b"".join(part[0] for part in parts)
    return data[position - first : position - first + length]


async def take(batch: Batch, org_id: UUID, import_id: UUID, *, position: int, stage: str) -> bool:
    """Lock the import if it still stands at `position` of `stage` and is wanted; False when it moved on."""
    found = await batch.conn.fetchval(
        """
        SELECT true FROM ingest.imports
        WHERE org_id = $1 AND id = $2 AND position = $3 AND stage = $4 AND status IN ('queued', 'running') FOR UPDATE
        """,
        org_id, import_id, position, stage,
    )  # fmt: skip
    return bool(found)


async def advance_profile(
    batch: Batch, org_id: UUID, import_id: UUID, *, position: int, line: int, rows: int, facts: Mapping[str, Any],
    layout: Mapping[str, Any], at: datetime,
) -> None:  # fmt: skip
    """The columns are known up to `position`."""
    await batch.conn.execute(
        """
        UPDATE ingest.imports SET status = 'running', position = $3, line = $4, rows_total = $5, facts = $6,
            layout = $7, started_at = coalesce(started_at, $8), touched_at = $8
        WHERE org_id = $1 AND id = $2
        """,
        org_id, import_id, position, line, rows, dict(facts), dict(layout), at,
    )  # fmt: skip


async def begin_rows(
    batch: Batch, org_id: UUID, import_id: UUID, *, position: int, line: int, rows_total: int,
    profile: Mapping[str, Any], layout: Mapping[str, Any], at: datetime,
) -> None:  # fmt: skip
    """The whole file was looked at: from here on its rows are stored, from `position` on."""
    await batch.conn.execute(
        """
        UPDATE ingest.imports SET status = 'running', stage = 'rows', position = $3, line = $4, rows_total = $5,
            facts = NULL, profile = $6, layout = $7, started_at = coalesce(started_at, $8), touched_at = $8
        WHERE org_id = $1 AND id = $2
        """,
        org_id, import_id, position, line, rows_total, dict(profile), dict(layout), at,
    )  # fmt: skip


async def advance_rows(
    batch: Batch, org_id: UUID, import_id: UUID, *, position: int, line: int, rows: int, outcome: Mapping[str, int],
    errors: Sequence[RowError], rejected: int, error_counts: Mapping[str, int], notes: Mapping[str, int], at: datetime,
) -> None:  # fmt: skip
    """A slice was stored: add its figures and its errors, go to `position`."""
    kept = await batch.conn.fetchval(
        """
        UPDATE ingest.imports SET position = $3, line = $4, rows_read = rows_read + $5, accepted = accepted + $6,
            duplicates = duplicates + $7, revised = revised + $8, rejected = rejected + $9, touched_at = $10,
            error_counts = $11, notes = $12
        WHERE org_id = $1 AND id = $2
        RETURNING (SELECT count(*) FROM ingest.import_errors WHERE org_id = $1 AND import_id = $2)
        """,
        org_id, import_id, position, line, rows, outcome.get("accepted", 0), outcome.get("duplicate", 0),
        outcome.get("revised", 0), rejected, at, dict(error_counts), dict(notes),
    )  # fmt: skip
    room = errors[: max(0, ERRORS_KEPT - kept)]
    if room:
        await batch.conn.execute(
            """
            INSERT INTO ingest.import_errors (org_id, import_id, row, ordinal, line, column_name, code, detail)
            SELECT $1, $2, * FROM unnest($3::bigint[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[])
            """,
            org_id, import_id, [one.row for one in room], [one.ordinal for one in room], [one.line for one in room],
            [one.column for one in room], [one.code for one in room], [one.detail for one in room],
        )  # fmt: skip


async def finish(
    batch: Batch, org_id: UUID, import_id: UUID, *, status: str, failure: Mapping[str, str] | None, at: datetime
) -> bool:
    """End an unfinished import (`completed` becomes completed_with_errors by its own figures); its bytes are deleted.

    False when it had ended already.
    """
    ended = await batch.conn.fetchval(
        """
        UPDATE ingest.imports SET stage = 'done', failure = $4, finished_at = $5, touched_at = $5, facts = NULL,
            status = CASE WHEN $3 = 'completed' AND rejected > 0 THEN 'completed_with_errors' ELSE $3 END
        WHERE org_id = $1 AND id = $2 AND stage <> 'done'
        RETURNING true
        """,
        org_id, import_id, status, None if failure is None else dict(failure), at,
    )  # fmt: skip
    if ended:
        await batch.conn.execute(
            "DELETE FROM ingest.import_parts WHERE org_id = $1 AND import_id = $2", org_id, import_id
        )
    return bool(ended)


async def load(tx: Transaction, org_id: UUID, import_id: UUID) -> ImportRow | None:
    """The import, or None when the organisation has none of this id."""
    query = select(ImportRow).where(col(ImportRow.org_id) == org_id, col(ImportRow.id) == import_id)
    return (await tx.session.exec(query)).one_or_none()


async def newest(tx: Transaction, org_id: UUID, *, before: UUID | None, limit: int) -> list[ImportRow]:
    """Imports, newest first, strictly before the id `before`."""
    query = (
        select(ImportRow)
        .where(col(ImportRow.org_id) == org_id, col(ImportRow.status).not_in(HIDDEN))
        .order_by(col(ImportRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(ImportRow.id) < before)
    return list((await tx.session.exec(query)).all())


async def errors_after(
    tx: Transaction, org_id: UUID, import_id: UUID, *, row: int, ordinal: int, limit: int
) -> list[ImportErrorRow]:
    """Errors of an import in the order of its rows, strictly after (row, ordinal)."""
    query = (
        select(ImportErrorRow)
        .where(
            col(ImportErrorRow.org_id) == org_id,
            col(ImportErrorRow.import_id) == import_id,
            (col(ImportErrorRow.row) > row)
            | ((col(ImportErrorRow.row) == row) & (col(ImportErrorRow.ordinal) > ordinal)),
        )
        .order_by(col(ImportErrorRow.row), col(ImportErrorRow.ordinal))
        .limit(limit)
    )
    return list((await tx.session.exec(query)).all())


async def touch(batch: Batch, org_id: UUID, import_id: UUID, *, at: datetime) -> None:
    """Note that something was done for the import."""
    await batch.conn.execute(
        "UPDATE ingest.imports SET touched_at = $3 WHERE org_id = $1 AND id = $2", org_id, import_id, at
    )


async def standing_still(batch: Batch, org_id: UUID | None, *, before: datetime) -> list[Standstill]:
    """Unfinished uploads and imports that nothing was done for since `before`; of every organisation when None.

    For every organisation the transaction must run as the sweeper, who sees this and nothing else.
    """
    rows = await batch.conn.fetch(
        """
        SELECT org_id, id, status, position, created_at FROM ingest.imports
        WHERE stage <> 'done' AND touched_at < $2 AND ($1::uuid IS NULL OR org_id = $1) LIMIT 100
        """,
        org_id, before,
    )  # fmt: skip
    return [Standstill(*row) for row in rows]
