"""Erasure of records: words, terms, attributes and the person go; what was counted stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from shared.database import Batch
from shared.messaging.erasure import note_erased, scrub_events

_SILENCE = """
UPDATE analysis.records
SET text = NULL, title = NULL, terms = '[]', attributes = '{}', customer_id = NULL, submission_id = NULL,
    content_hash = ''
WHERE org_id = $1 AND feedback_id = ANY ($2::uuid[])
"""


async def erase_records(batch: Batch, org_id: UUID, feedback_ids: Sequence[UUID]) -> None:
    """Make records nobody's; the caller holds the erasure lock alone."""
    await note_erased(batch, "analysis", org_id, feedback_ids)
    await batch.conn.execute(_SILENCE, org_id, list(feedback_ids))
    await scrub_events(batch, org_id, feedback_ids)  # what was analysed while the erasure was on its way
