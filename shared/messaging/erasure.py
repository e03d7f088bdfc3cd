"""Erasure across services: events lose their words, and what arrives late does not bring them back.

Work under way may still hold words that were erased a moment ago. So whoever stores something takes the erasure lock
of its organisations shared, then looks which feedback was erased; whoever erases takes it alone. A service that
erases notes the feedback in `<schema>.erased_feedback`; what comes later about it is handled as nobody's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final, Literal
from uuid import UUID

from shared.contracts.envelope import Event
from shared.database.engine import Batch
from shared.foundation.clock import now

Schema = Literal["ingest", "analysis", "loop"]

NOBODYS: Final[dict[str, Any]] = {
    "text": None, "title": None, "customer_id": None, "submission_id": None, "attributes": {},
}  # fmt: skip
"""What an event tells of a person, and what is left of it."""

_SCRUB = """
UPDATE messaging.events AS e
SET data = e.data || (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each($3::jsonb)
        WHERE e.data ? key AND NOT (key = 'title' AND e.data ? 'case_id'))
    || '{"erased": true}'
WHERE e.org_id = $1 AND e.name = ANY ($4::text[]) AND e.data ->> 'feedback_id' = ANY ($2::text[])
"""
_TOLD = ["FeedbackReceived", "FeedbackAnalyzed", "CaseOpened", "CaseChanged"]


def nobodys(data: dict[str, Any]) -> dict[str, Any]:
    """The data of an event without the person: scores, channel, unit and times stay. It still fits its contract (pure).

    The title of a case is made of scores and labels, never of words, and stays.
    """
    told = [name for name in NOBODYS if name in data and not (name == "title" and "case_id" in data)]
    return {**data, **{name: NOBODYS[name] for name in told}, "erased": True}


async def hold(batch: Batch, schema: Schema, org_ids: Collection[UUID], *, alone: bool = False) -> None:
    """Take the erasure lock of `org_ids` until the transaction ends: shared to store, `alone` to erase.

    A call of its own, so that the statements after it see what an erasure committed.
    """
    keys = sorted(_key(schema, org_id) for org_id in org_ids)
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await batch.conn.execute(f"SELECT {name}(key) FROM unnest($1::bigint[]) AS key", keys)


def _key(schema: Schema, org_id: UUID) -> int:
    digest = blake2b(f"erasure {schema}".encode() + org_id.bytes, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def note_erased(batch: Batch, schema: Schema, org_id: UUID, feedback_ids: Sequence[UUID]) -> None:
    """Remember that this feedback is nobody's; the caller holds the lock alone."""
    await batch.conn.execute(
        f"INSERT INTO {schema}.erased_feedback (org_id, feedback_id, erased_at) "
        "SELECT $1, feedback_id, $3 FROM unnest($2::uuid[]) AS feedback_id ON CONFLICT DO NOTHING",
        org_id,
        sorted(feedback_ids),
        now(),
    )


async def without_erased(batch: Batch, schema: Schema, events: Sequence[Event]) -> list[Event]:
    """`events` in their order, those about erased feedback as `nobodys`. Holds the lock shared from here on."""
    if not events:
        return []
    await hold(batch, schema, {one.org_id for one in events})
    told = [(one.org_id, UUID(str(one.data["feedback_id"]))) for one in events if one.data.get("feedback_id")]
    rows = await batch.conn.fetch(
        f"""
        SELECT told.org_id, told.feedback_id FROM unnest($1::uuid[], $2::uuid[]) AS told (org_id, feedback_id),
        LATERAL (
            SELECT FROM {schema}.erased_feedback AS one
            WHERE one.org_id = told.org_id AND one.feedback_id = told.feedback_id OFFSET 0
        ) AS erased
        """,
        [org_id for org_id, _ in told],
        [feedback_id for _, feedback_id in told],
    )
    erased = {(row["org_id"], str(row["feedback_id"])) for row in rows}
    return [
        replace(one, data=nobodys(one.data)) if (one.org_id, str(one.data.get("feedback_id"))) in erased else one
        for one in events
    ]


async def scrub_events(batch: Batch, org_id: UUID, feedback_ids: Sequence[UUID]) -> None:
    """Make the events about this feedback nobody's, whoever published them; they stay valid and can be handled."""
    if feedback_ids:
        await batch.conn.execute(_SCRUB, org_id, [str(one) for one in feedback_ids], NOBODYS, _TOLD)
