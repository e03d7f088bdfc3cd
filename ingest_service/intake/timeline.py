"""Feedback as entries of a customer's timeline."""

from __future__ import annotations

from uuid import UUID

from ingest_service.customers.schemas import TimelineEntry
from ingest_service.intake import queries
from ingest_service.places import Place
from shared.database import Transaction

_SHOWN = {
    "revision", "channel", "source", "submission_id", "received_at", "ratings", "text", "title", "language", "unit",
    "touchpoint", "attributes", "survey_id",
}  # fmt: skip


async def feedback_entries(
    tx: Transaction, org_id: UUID, customer_id: UUID, before: Place | None, limit: int
) -> list[TimelineEntry]:
    """What the customer said, in the newest revision of each piece of feedback."""
    rows = await queries.feedback_of_customer(tx, org_id, customer_id, before, limit)
    return [
        TimelineEntry(at=row.occurred_at, id=row.id, kind="feedback", data=row.model_dump(mode="json", include=_SHOWN))
        for row in rows
    ]
