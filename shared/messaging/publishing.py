"""Publishing: events and their deliveries, written in the caller's own transaction."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from shared.contracts.envelope import Event
from shared.contracts.topology import listeners, queue_of
from shared.database.engine import Batch, Published, Transaction

LEASE_S = 10
"""Seconds a delivery is left to the relay and a worker before the sweeper sends it again."""

_INSERT = """
WITH published AS (
    INSERT INTO messaging.events (org_id, id, name, publisher, occurred_at, trace, data)
    SELECT org_id, id, name, publisher, occurred_at, trace, data::jsonb
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
        AS new (org_id, id, name, publisher, occurred_at, trace, data)
)
INSERT INTO messaging.deliveries (org_id, event_id, listener, queue, due_at)
SELECT org_id, event_id, listener, queue, clock_timestamp() + make_interval(secs => $12)
FROM unnest($8::uuid[], $9::uuid[], $10::text[], $11::text[]) AS due (org_id, event_id, listener, queue)
"""


async def publish(tx: Transaction | Batch, events: Sequence[Event]) -> None:
    """Write `events` and a delivery for each listener in the transaction `tx`; after its commit the relay wakes them.

    Raises KeyError for an event that the topology does not know.
    """
    if not events:
        return
    ordered = sorted(events, key=lambda one: (one.org_id, one.id))
    due = [Published(listener, one.org_id, one.id) for one in ordered for listener in listeners(one.name)]
    conn = await tx.driver()
    await conn.execute(
        _INSERT,
        [one.org_id for one in ordered],
        [one.id for one in ordered],
        [one.name for one in ordered],
        [one.publisher for one in ordered],
        [one.occurred_at for one in ordered],
        [one.trace for one in ordered],
        [orjson.dumps(one.data).decode() for one in ordered],  # text: a session's connection has codecs of its own
        [one.org_id for one in due],
        [one.event_id for one in due],
        [one.listener for one in due],
        [queue_of(one.listener) for one in due],
        LEASE_S,
    )
    tx.published.extend(due)
