"""Dead letters for people: list, show, replay. Used by `cxloop events`, as the role of the operator."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.database.engine import Database
from shared.database.migrate import OPERATOR


async def summary(database: Database) -> list[dict[str, Any]]:
    """Deliveries by queue, listener and state, with the age in seconds of the oldest pending one."""
    async with database.batch([], role=OPERATOR) as batch:
        rows = await batch.conn.fetch(
            """
            SELECT queue, listener, state, count(*) AS deliveries,
                   CASE WHEN state = 'pending'
                        THEN extract(epoch FROM clock_timestamp() - min(e.published_at))::float8 END AS oldest_s
            FROM messaging.deliveries d JOIN messaging.events e ON e.org_id = d.org_id AND e.id = d.event_id
            GROUP BY queue, listener, state ORDER BY queue, listener, state
            """
        )
    return [dict(row) for row in rows]


async def listed(database: Database, *, state: str, limit: int = 50) -> list[dict[str, Any]]:
    """Deliveries in `state` (`dead` or `pending`), oldest first, without content."""
    async with database.batch([], role=OPERATOR) as batch:
        rows = await batch.conn.fetch(
            """
            SELECT d.org_id, d.event_id, e.name, d.listener, d.state, d.attempt, d.sends, d.last_error, d.due_at,
                   e.published_at
            FROM messaging.deliveries d JOIN messaging.events e ON e.org_id = d.org_id AND e.id = d.event_id
            WHERE d.state = $1 ORDER BY e.published_at LIMIT $2
            """,
            state,
            limit,
        )
    return [dict(row) for row in rows]


async def shown(database: Database, event_id: UUID) -> list[dict[str, Any]]:
    """One event with its deliveries; `data` is what was published, personal text included."""
    async with database.batch([], role=OPERATOR) as batch:
        rows = await batch.conn.fetch(
            """
            SELECT e.org_id, e.id, e.name, e.publisher, e.occurred_at, e.published_at, e.trace, e.data,
                   d.listener, d.state, d.attempt, d.sends, d.last_error, d.due_at, d.done_at
            FROM messaging.events e JOIN messaging.deliveries d ON d.org_id = e.org_id AND d.event_id = e.id
            WHERE e.id = $1 ORDER BY d.listener
            """,
            event_id,
        )
    return [dict(row) for row in rows]


async def replay(database: Database, event_ids: list[UUID] | None = None) -> int:
    """Make dead deliveries (of `event_ids`, or all) due now; returns how many. The sweeper sends them."""
    async with database.batch([], role=OPERATOR) as batch:
        status = await batch.conn.execute(
            "UPDATE messaging.deliveries SET state = 'pending', attempt = 0, sends = 0, due_at = clock_timestamp() "
            "WHERE state = 'dead' AND ($1::uuid[] IS NULL OR event_id = ANY ($1))",
            event_ids,
        )
    return int(status.split()[-1])
