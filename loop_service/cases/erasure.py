"""Erasure of cases and of what was told because of them: the person and his words go, the work done stays.

Notes are the words of colleagues and stay; mails never held more than a case's title.
"""

from collections.abc import Sequence
from uuid import UUID

import orjson

from shared.database.engine import Batch
from shared.messaging.erasure import nobodys, note_erased, scrub_events

_SILENCE_CASES = """
UPDATE loop.cases SET customer_id = NULL, version = version + 1
WHERE org_id = $1 AND feedback_id = ANY ($2::uuid[]) AND customer_id IS NOT NULL
"""

_SILENCE_OUTCOMES = """
UPDATE loop.outcomes
SET rules = (SELECT coalesce(jsonb_agg(rule || '{"reasons": []}'), '[]') FROM jsonb_array_elements(rules) AS rule)
WHERE org_id = $1 AND feedback_id = ANY ($2::uuid[])
"""
"""A reason may quote what an attribute held."""

_SILENCE_RESPONSES = """
UPDATE loop.webhook_attempts AS tried SET response = NULL
FROM loop.webhook_deliveries AS sent
WHERE sent.org_id = $1 AND sent.message_id = ANY ($2::uuid[])
  AND tried.org_id = sent.org_id AND tried.delivery_id = sent.id AND tried.response IS NOT NULL
"""
"""A receiver may have answered with what it was sent."""


async def erase_cases(batch: Batch, org_id: UUID, feedback_ids: Sequence[UUID]) -> None:
    """Make cases, outcomes and webhook messages nobody's; the caller holds the erasure lock alone."""
    await note_erased(batch, "loop", org_id, feedback_ids)
    await batch.conn.execute(_SILENCE_CASES, org_id, list(feedback_ids))
    await batch.conn.execute(_SILENCE_OUTCOMES, org_id, list(feedback_ids))
    messages = await batch.conn.fetch(
        "SELECT id, body FROM loop.webhook_messages WHERE org_id = $1 AND feedback_id = ANY ($2::uuid[])",
        org_id,
        list(feedback_ids),
    )
    await batch.conn.execute(
        "UPDATE loop.webhook_messages AS known SET body = told.body FROM unnest($2::uuid[], $3::text[]) "
        "AS told (id, body) WHERE known.org_id = $1 AND known.id = told.id AND known.id = ANY ($2)",
        org_id,
        [row["id"] for row in messages],
        [_silent(row["body"]) for row in messages],
    )
    await batch.conn.execute(_SILENCE_RESPONSES, org_id, [row["id"] for row in messages])
    await scrub_events(batch, org_id, feedback_ids)  # what was told while the erasure was on its way


def _silent(body: str) -> str:
    told = orjson.loads(body)
    return orjson.dumps({**told, "data": nobodys(told["data"])}).decode()
