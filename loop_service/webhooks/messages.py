"""Events become messages and deliveries, in the transaction of the handler that heard them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from loop_service.webhooks.payloads import TYPES, payload
from shared.contracts.envelope import Event
from shared.database.engine import Batch
from shared.foundation.clock import now
from shared.foundation.ids import new_id

_SUBSCRIBERS = """
SELECT org_id, id, events FROM loop.webhook_endpoints
WHERE org_id = ANY ($1::uuid[]) AND enabled AND archived_at IS NULL AND events && $2::text[]
"""

_INSERT_MESSAGES = """
INSERT INTO loop.webhook_messages (org_id, id, type, body, feedback_id, case_id, trace, created_at)
SELECT given.*, $8 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[])
    AS given (org_id, id, type, body, feedback_id, case_id, trace)
WHERE given.org_id = ANY ($9::uuid[])
ON CONFLICT (org_id, id) DO NOTHING
"""

_INSERT_DELIVERIES = """
INSERT INTO loop.webhook_deliveries (org_id, id, endpoint_id, message_id, type, state, next_at, created_at)
SELECT given.org_id, given.id, given.endpoint_id, given.message_id, given.type, 'pending', $6, $6
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[])
    AS given (org_id, id, endpoint_id, message_id, type)
WHERE given.org_id = ANY ($7::uuid[])
ON CONFLICT (org_id, message_id, endpoint_id) DO NOTHING
"""


async def tell_endpoints(batch: Batch, org_ids: Collection[UUID], events: Sequence[Event]) -> int:
    """Queue `events` for every endpoint that subscribes to their type; returns how many deliveries.

    The id of the event is the id of the message: handling an event twice sends nothing twice.
    """
    kinds = sorted({TYPES[one.name] for one in events})
    subscribers: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
    for row in await batch.conn.fetch(_SUBSCRIBERS, list(org_ids), kinds):
        for kind in row["events"]:
            subscribers[(row["org_id"], kind)].append(row["id"])
    wanted = [one for one in events if (one.org_id, TYPES[one.name]) in subscribers]
    if not wanted:
        return 0
    at = now()
    await batch.conn.execute(
        _INSERT_MESSAGES,
        [one.org_id for one in wanted],
        [one.id for one in wanted],
        [TYPES[one.name] for one in wanted],
        [payload(TYPES[one.name], one.occurred_at, one.data) for one in wanted],
        [_id(one, "feedback_id") for one in wanted],
        [_id(one, "case_id") for one in wanted],
        [one.trace for one in wanted],
        at,
        list(org_ids),
    )
    due = [(one, endpoint) for one in wanted for endpoint in subscribers[(one.org_id, TYPES[one.name])]]
    await batch.conn.execute(
        _INSERT_DELIVERIES,
        [one.org_id for one, _ in due],
        [new_id() for _ in due],
        [endpoint for _, endpoint in due],
        [one.id for one, _ in due],
        [TYPES[one.name] for one, _ in due],
        at,
        list(org_ids),
    )
    return len(due)


def _id(one: Event, name: str) -> UUID | None:
    value = one.data.get(name)
    return UUID(value) if isinstance(value, str) else None
