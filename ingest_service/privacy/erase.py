"""Where a person is forgotten: his words, his names and every link to him go; the scores he gave stay, as nobody's.

One transaction, alone in the organisation (the erasure lock), so that no submission under way stores his words again:
1. his feedback, in every revision, loses text, title, attributes, submission id and customer;
2. the sender's ids of it stay known, without a fingerprint of what was said, so that a replay is a duplicate;
3. identities, contradictions, timeline and the customer himself are deleted, a receipt without a word of him is kept;
4. events about his feedback lose the same, and CustomerErased tells the other services to do likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.contracts.envelope import event
from shared.contracts.ingest_events import CustomerErased
from shared.database import Batch
from shared.foundation.clock import now
from shared.messaging.erasure import hold, scrub_events
from shared.messaging.publishing import publish

FEEDBACK_PER_EVENT: Final = 5_000
"""Feedback ids in one CustomerErased at most: a handler's transaction stays short."""

_SAID = "SELECT DISTINCT id FROM ingest.feedback WHERE org_id = $1 AND customer_id = $2 ORDER BY id"

_SILENCE_SUBMISSIONS = """
UPDATE ingest.submissions AS known SET content_hash = '', erased_at = $3
FROM (
    SELECT DISTINCT source, submission_id FROM ingest.feedback
    WHERE org_id = $1 AND id = ANY ($2::uuid[]) AND submission_id IS NOT NULL
) AS said
WHERE known.org_id = $1 AND known.source = said.source AND known.submission_id = said.submission_id
"""

_SILENCE_FEEDBACK = """
UPDATE ingest.feedback SET text = NULL, title = NULL, attributes = '{}', customer_id = NULL, submission_id = NULL
WHERE org_id = $1 AND id = ANY ($2::uuid[])
"""

_KEEP_RECEIPT = """
INSERT INTO ingest.erasures (org_id, customer_id, requested_at, feedback, identities, timeline)
VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased, and when; the counts are of pieces of feedback, identities and timeline entries."""

    customer_id: UUID
    requested_at: datetime
    feedback: int
    identities: int
    timeline: int


async def erase_customer(batch: Batch, org_id: UUID, customer_id: UUID) -> Receipt | None:
    """Forget a customer in the transaction `batch`; None when there is no such customer.

    Again for the same customer: the receipt of the first time, and nothing happens.
    """
    await hold(batch, "ingest", [org_id], alone=True)
    before = await receipt_of(batch, org_id, customer_id)
    if before is not None:
        return before
    known = await batch.conn.fetchval(
        "SELECT true FROM ingest.customers WHERE org_id = $1 AND id = $2", org_id, customer_id
    )
    if known is None:
        return None
    at = now()
    said = [row["id"] for row in await batch.conn.fetch(_SAID, org_id, customer_id)]
    await batch.conn.execute(_SILENCE_SUBMISSIONS, org_id, said, at)
    await batch.conn.execute(_SILENCE_FEEDBACK, org_id, said)
    identities = await _delete(batch, "identities", "customer_id = $2", org_id, customer_id)
    await _delete(batch, "identity_contradictions", "(customer_id = $2 OR other_id = $2)", org_id, customer_id)
    timeline = await _delete(batch, "timeline_entries", "customer_id = $2", org_id, customer_id)
    await _delete(batch, "customers", "id = $2", org_id, customer_id)
    receipt = Receipt(customer_id, at, len(said), identities, timeline)
    await batch.conn.execute(_KEEP_RECEIPT, org_id, customer_id, at, len(said), identities, timeline)
    await scrub_events(batch, org_id, said)
    portions = [said[start : start + FEEDBACK_PER_EVENT] for start in range(0, len(said), FEEDBACK_PER_EVENT)]
    told = [CustomerErased(customer_id=customer_id, feedback_ids=portion) for portion in portions or [[]]]
    await publish(
        batch, [event(org_id, "CustomerErased", one.model_dump(mode="json"), publisher="ingest") for one in told]
    )
    return receipt


async def receipt_of(batch: Batch, org_id: UUID, customer_id: UUID) -> Receipt | None:
    """The receipt of a customer who was erased before."""
    row = await batch.conn.fetchrow(
        "SELECT customer_id, requested_at, feedback, identities, timeline FROM ingest.erasures "
        "WHERE org_id = $1 AND customer_id = $2",
        org_id,
        customer_id,
    )
    return None if row is None else Receipt(**dict(row))


async def _delete(batch: Batch, table: str, condition: str, org_id: UUID, customer_id: UUID) -> int:
    done: str = await batch.conn.execute(
        f"DELETE FROM ingest.{table} WHERE org_id = $1 AND {condition}", org_id, customer_id
    )
    return int(done.rsplit(" ", 1)[-1])
