"""SQL over sources and their quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlmodel import col, select

from ingest_service.sources.tables import QuarantineRow, SourceRow
from shared.database import Transaction


async def create(
    tx: Transaction,
    org_id: UUID,
    source_id: UUID,
    *,
    channel: str,
    name: str,
    secret: bytes | None,
    settings: dict[str, Any],
    at: datetime,
) -> SourceRow:
    """Insert a source; `secret` is ciphertext."""
    row = SourceRow(
        org_id=org_id,
        id=source_id,
        channel=channel,
        name=name,
        secret=secret,
        settings=settings,
        created_at=at,
        changed_at=at,
    )
    tx.session.add(row)
    await tx.session.flush()
    return row


async def change(tx: Transaction, org_id: UUID, source_id: UUID, changes: dict[str, Any]) -> SourceRow | None:
    """Set columns of a source; None when there is none."""
    row = await one(tx, org_id, source_id, lock=True)
    if row is not None:
        row.sqlmodel_update(changes)
        tx.session.add(row)
        await tx.session.flush()
    return row


async def one(tx: Transaction, org_id: UUID, source_id: UUID, *, lock: bool = False) -> SourceRow | None:
    """A source, or None."""
    query = select(SourceRow).where(col(SourceRow.org_id) == org_id, col(SourceRow.id) == source_id)
    return (await tx.session.exec(query.with_for_update() if lock else query)).first()


async def listed(tx: Transaction, org_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> list[SourceRow]:
    """Sources, newest first, strictly before (created_at, id)."""
    query = (
        select(SourceRow)
        .where(col(SourceRow.org_id) == org_id)
        .order_by(col(SourceRow.created_at).desc(), col(SourceRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(SourceRow.created_at), col(SourceRow.id)) < tuple_(*before))
    return list((await tx.session.exec(query)).all())


async def remove(tx: Transaction, org_id: UUID, source_id: UUID) -> bool:
    """Delete a source with its quarantine; whether there was one."""
    found = await one(tx, org_id, source_id, lock=True)
    if found is None:
        return False
    await tx.session.delete(found)
    await tx.session.flush()
    return True


async def quarantine(tx: Transaction, org_id: UUID, kept: QuarantineRow, *, most: int, since: datetime) -> None:
    """Keep a body; what came before `since`, and all but the newest `most` of its source, go."""
    tx.session.add(kept)
    await tx.session.flush()
    mine = (col(QuarantineRow.org_id) == org_id) & (col(QuarantineRow.source_id) == kept.source_id)
    newest = (
        select(col(QuarantineRow.id))
        .where(mine)
        .order_by(col(QuarantineRow.received_at).desc(), col(QuarantineRow.id).desc())
        .limit(most)
    )
    too_old = col(QuarantineRow.received_at) < since
    await tx.session.exec(delete(QuarantineRow).where(mine, too_old | col(QuarantineRow.id).not_in(newest)))


async def quarantined(
    tx: Transaction, org_id: UUID, source_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[QuarantineRow]:
    """What is in the quarantine of a source, newest first, strictly before (received_at, id)."""
    query = (
        select(QuarantineRow)
        .where(col(QuarantineRow.org_id) == org_id, col(QuarantineRow.source_id) == source_id)
        .order_by(col(QuarantineRow.received_at).desc(), col(QuarantineRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(QuarantineRow.received_at), col(QuarantineRow.id)) < tuple_(*before))
    return list((await tx.session.exec(query)).all())
