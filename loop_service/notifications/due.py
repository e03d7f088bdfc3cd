"""Mails that are due: found, leased, settled. Every sending happens between two of these transactions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database.engine import Batch


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that this process holds until its lease ends; the member's address as it is now, None if gone."""

    org_id: UUID
    id: UUID
    kind: str
    member_id: UUID
    data: dict[str, Any]
    attempts: int
    lease: UUID
    trace: str | None


async def organisations_due(batch: Batch, at: datetime, *, limit: int) -> list[UUID]:
    """Which organisations have a mail due, in random order; as the sweeper."""
    rows = await batch.conn.fetch(
        "SELECT org_id FROM loop.mails WHERE state = 'pending' AND next_at <= $1 "
        "GROUP BY org_id ORDER BY random() LIMIT $2",
        at,
        limit,
    )
    return [row["org_id"] for row in rows]


async def lease_due(
    batch: Batch, org_ids: Collection[UUID], *, at: datetime, until: datetime, lease: UUID, limit: int
) -> list[DueMail]:
    """Take due mails until `until`."""
    rows = await batch.conn.fetch(
        """
        WITH chosen AS MATERIALIZED (
            SELECT id FROM loop.mails
            WHERE org_id = ANY ($1::uuid[]) AND state = 'pending' AND next_at <= $2
            ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        UPDATE loop.mails m SET lease = $4, next_at = $5
        WHERE m.org_id = ANY ($1::uuid[]) AND m.id = ANY (ARRAY(SELECT id FROM chosen))
        RETURNING m.org_id, m.id, m.kind, m.member_id, m.data, m.attempts, m.lease, m.trace
        """,
        list(org_ids),
        at,
        limit,
        lease,
        until,
    )
    return [DueMail(**dict(row)) for row in rows]


async def settle(
    batch: Batch, org_id: UUID, due: DueMail, *, state: str, reason: str | None, next_at: datetime | None, at: datetime
) -> None:
    """Write down one attempt and what follows; nothing when the lease was lost."""
    await batch.conn.execute(
        "UPDATE loop.mails SET state = $4, attempts = attempts + 1, lease = NULL, last_reason = $5, next_at = $6, "
        "settled_at = CASE WHEN $4 = 'pending' THEN NULL ELSE $7::timestamptz END "
        "WHERE org_id = $1 AND id = $2 AND lease = $3",
        org_id,
        due.id,
        due.lease,
        state,
        reason,
        next_at,
        at,
    )
