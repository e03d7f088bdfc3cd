"""Reads of the messaging record: where an event stands with each of its listeners."""

from collections.abc import Sequence
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


async def work_on_events(
    tx: Transaction, org_id: UUID, event_ids: Sequence[UUID], listeners: Sequence[str]
) -> list[Work]:
    """Where several events stand with several listeners."""
    conn = await tx.driver()
    rows = await conn.fetch(
        "SELECT state, attempt, due_at, last_error FROM messaging.deliveries "
        "WHERE org_id = $1 AND event_id = ANY ($2::uuid[]) AND listener = ANY ($3::text[])",
        org_id,
        list(event_ids),
        list(listeners),
    )
    return [Work(**dict(row)) for row in rows]


async def judging_of(tx: Transaction, org_id: UUID, feedback_id: UUID) -> Work | None:
    """Where the judging of analysed feedback stands while it is unsettled; looks through unsettled ones only."""
    conn = await tx.driver()
    row = await conn.fetchrow(
        """
        SELECT d.state, d.attempt, d.due_at, d.last_error
        FROM messaging.deliveries d JOIN messaging.events e ON e.org_id = d.org_id AND e.id = d.event_id
        WHERE d.org_id = $1 AND e.org_id = $1 AND d.queue = 'loop' AND d.state IN ('pending', 'dead')
          AND d.listener = 'loop.rules' AND e.data->>'feedback_id' = $2
        LIMIT 1
        """,
        org_id,
        str(feedback_id),
    )
    return Work(**dict(row)) if row else None
