"""THE write path: what happens when feedback is submitted, one record or ten thousand, by whatever door it came.

In one transaction of the caller: recognise what was said before (source, submission_id), identify the customers,
insert feedback, publish FeedbackReceived. The caller commits; nothing is acknowledged before that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from ingest_service.customers.identify import Introduction, identify
from ingest_service.intake import queries
from ingest_service.intake.preparation import Prepared
from shared.contracts.envelope import Event, event
from shared.database import Batch
from shared.foundation.ids import new_id
from shared.messaging.erasure import hold
from shared.messaging.publishing import publish

PUBLISHER: Final = "ingest"
ROWS_PER_STATEMENT: Final = 1_000
"""Rows of an insert: encoding more at a stretch would keep other requests waiting."""

Status = Literal["accepted", "duplicate", "revised"]


@dataclass(slots=True)
class Stored:
    """What became of one submission. `duplicate`: the same was said before, nothing was written."""

    id: UUID
    revision: int
    status: Status


async def store(batch: Batch, submissions: Sequence[Prepared]) -> list[Stored]:
    """Store `submissions` in the transaction `batch` (open for all their organisations); results in their order.

    What locks comes first and in one fixed order (erasures, submission ids, then identities, then customers, each
    sorted), so that transactions that meet wait for one another and never in a circle.
    """
    org_ids = {one.org_id for one in submissions}
    if any(one.submission_id is not None or one.identities for one in submissions):
        await hold(batch, "ingest", org_ids)  # nobody is erased between what is read here and what is written
    results = [Stored(one.id, 1, "accepted") for one in submissions]
    occurred = [one.occurred_at for one in submissions]
    await _recognise(batch, org_ids, submissions, results, occurred)
    fresh = [index for index, result in enumerate(results) if result.status != "duplicate"]
    if not fresh:
        return results
    known = [index for index in fresh if submissions[index].identities]
    customers = await identify(batch, org_ids, [_introduction(submissions[i], occurred[i]) for i in known])
    customer_of = dict(zip(known, customers, strict=True))
    for start in range(0, len(fresh), ROWS_PER_STATEMENT):
        part = fresh[start : start + ROWS_PER_STATEMENT]
        await queries.insert_feedback(
            batch,
            org_ids,
            [(submissions[i], results[i].id, results[i].revision, occurred[i], customer_of.get(i)) for i in part],
        )
        await publish(batch, [_received(submissions[i], results[i], occurred[i], customer_of.get(i)) for i in part])
    return results


async def _recognise(
    batch: Batch,
    org_ids: Collection[UUID],
    submissions: Sequence[Prepared],
    results: list[Stored],
    occurred: list[datetime],
) -> None:
    """Fill in the results of submissions that carry an id of their sender, in rounds: a key once per round."""
    waiting = [index for index, one in enumerate(submissions) if one.submission_id is not None]
    while waiting:
        round_of: dict[queries.SubmissionKey, int] = {}
        later: list[int] = []
        for index in waiting:
            if round_of.setdefault(_key(submissions[index]), index) != index:
                later.append(index)
        voices = await queries.remember(batch, org_ids, [submissions[index] for index in round_of.values()])
        for key, index in round_of.items():
            voice = voices[key]
            status: Status = "accepted" if voice.is_new else "revised" if voice.changed else "duplicate"
            results[index] = Stored(voice.feedback_id, voice.revision, status)
            if not submissions[index].occurred_at_told:
                occurred[index] = voice.occurred_at  # a correction does not move feedback in time
        waiting = later


def _key(one: Prepared) -> queries.SubmissionKey:
    return (one.org_id, one.source, one.submission_id or "")


def _introduction(one: Prepared, at: datetime) -> Introduction:
    return Introduction(one.org_id, one.identities, one.customer_name, one.customer_attributes, at, one.trusted)


def _received(one: Prepared, stored: Stored, occurred_at: datetime, customer_id: UUID | None) -> Event:
    """The fat event; of a first revision its id is the feedback's id."""
    data: dict[str, Any] = {
        "feedback_id": str(stored.id),
        "revision": stored.revision,
        "channel": one.channel,
        "source": one.source,
        "submission_id": one.submission_id,
        "occurred_at": occurred_at.isoformat(),
        "received_at": one.received_at.isoformat(),
        "customer_id": None if customer_id is None else str(customer_id),
        "ratings": one.ratings,
        "text": one.text,
        "title": one.title,
        "language": one.language,
        "unit": one.unit,
        "touchpoint": one.touchpoint,
        "attributes": one.attributes,
    }
    event_id = stored.id if stored.revision == 1 else new_id()
    return event(
        one.org_id,
        "FeedbackReceived",
        data,
        publisher=PUBLISHER,
        id=event_id,
        occurred_at=one.received_at,
        trace=one.trace,
    )
