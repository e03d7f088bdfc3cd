"""Reads of the messaging record: where an event stands with each of its listeners."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loop_service.traces.stages import Work
from shared.database.engine import Transaction


@dataclass(frozen=True, slots=True)
class Received:
    """The FeedbackReceived event of a feedback's first revision, as long as it is kept."""

    received_at: datetime
    published_at: datetime


async def received_event(tx: Transaction, org_id: UUID, feedback_id: UUID) -> Received | None:
    """The event whose id is the feedback's id, or None."""
    conn = await tx.driver()
    row = await conn.fetchrow(
        "SELECT occurred_at, published_at FROM messaging.events "
        "WHERE org_id = $1 AND id = $2 AND name = 'FeedbackReceived'",
        org_id,
        feedback_id,
    )
    return Received(row["occurred_at"], row["published_at"]) if row else None


async def work_on_event(tx: Transaction, org_id: UUID, event_id: UUID, listener: str) -> Work | None:
    """Where one event stands with one listener."""
    conn = await tx.driver()
    row = await conn.fetchrow(
        "SELECT state, attempt, due_at, last_error FROM messaging.deliveries "
        "WHERE org_id = $1 AND event_id = $2 AND listener = $3",
        org_id,
        event_id,
        listener,
    )
    return Work(**dict(row)) if row else None


async def open_work_about(
    tx: Transaction, org_id: UUID, listener_prefix: str, feedback_id: UUID, names: tuple[str, ...]
) -> list[Work]:
    """Events about a feedback that some listener of ours has not settled; only unsettled ones are looked through."""
    conn = await tx.driver()
    rows = await conn.fetch(
        """
        SELECT d.state, d.attempt, d.due_at, d.last_error
        FROM messaging.deliveries d JOIN messaging.events e ON e.org_id = d.org_id AND e.id = d.event_id
        WHERE d.org_id = $1 AND e.org_id = $1 AND d.queue = 'loop' AND d.state IN ('pending', 'dead')
          AND d.listener LIKE $2 || '%' AND e.name = ANY ($3::text[]) AND e.data->>'feedback_id' = $4
        ORDER BY d.state DESC, d.due_at LIMIT 10
        """,
        org_id,
        listener_prefix,
        list(names),
        str(feedback_id),
    )
    return [Work(**dict(row)) for row in rows]
