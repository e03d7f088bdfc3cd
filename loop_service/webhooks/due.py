"""Deliveries that are due: found, leased, settled. Every call happens between two of these transactions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loop_service.webhooks.outbound import Reply
from loop_service.webhooks.schedule import Decision, Result
from shared.database.engine import Batch, Transaction

_WHO_IS_DUE = """
SELECT org_id FROM loop.webhook_deliveries WHERE state = 'pending' AND next_at <= $1
GROUP BY org_id ORDER BY random() LIMIT $2
"""

_LEASE = """
WITH busy AS (
    SELECT * FROM unnest($3::uuid[], $4::int[]) AS given (endpoint_id, calls)
), chosen AS MATERIALIZED (
    SELECT picked.id
    FROM loop.webhook_endpoints e
    LEFT JOIN busy ON busy.endpoint_id = e.id
    CROSS JOIN LATERAL (
        SELECT d.id FROM loop.webhook_deliveries d
        WHERE d.org_id = e.org_id AND d.endpoint_id = e.id AND d.state = 'pending' AND d.next_at <= $1
        ORDER BY d.next_at, d.id
        LIMIT greatest(0, CASE WHEN e.failing_since IS NULL THEN $5 ELSE 1 END - coalesce(busy.calls, 0))
        FOR UPDATE SKIP LOCKED
    ) picked
    WHERE e.org_id = ANY ($2::uuid[]) AND ($9::uuid IS NULL OR e.id = $9) AND e.enabled AND e.archived_at IS NULL
      AND (e.quiet_until IS NULL OR e.quiet_until <= $1)
    LIMIT $6
)
UPDATE loop.webhook_deliveries SET lease = $7, next_at = $8
WHERE org_id = ANY ($2::uuid[]) AND id = ANY (ARRAY(SELECT id FROM chosen))
RETURNING org_id, id, endpoint_id, message_id, step, lease
"""
# Keys as arrays, not joins: without statistics the planner joins by organisation alone and reads everything.
_ENDPOINTS = """
SELECT id AS endpoint_id, url, secret, previous_secret, previous_secret_until, failing_since
FROM loop.webhook_endpoints WHERE org_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[])
"""
_MESSAGES = """
SELECT id AS message_id, body, trace
FROM loop.webhook_messages WHERE org_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that this process holds until its lease ends."""

    org_id: UUID
    id: UUID
    endpoint_id: UUID
    message_id: UUID
    step: int
    lease: UUID
    url: str
    secret: bytes
    previous_secret: bytes | None
    previous_secret_until: datetime | None
    failing_since: datetime | None
    body: str
    trace: str | None


async def organisations_due(batch: Batch, at: datetime, *, limit: int) -> list[UUID]:
    """Which organisations have something due, in random order so that none is always last; as the sweeper."""
    return [row["org_id"] for row in await batch.conn.fetch(_WHO_IS_DUE, at, limit)]


async def lease_due(
    batch: Batch,
    org_ids: Collection[UUID],
    *,
    at: datetime,
    until: datetime,
    lease: UUID,
    busy: Mapping[UUID, int],
    per_endpoint: int,
    limit: int,
    endpoint_id: UUID | None = None,
) -> list[Due]:
    """Take due deliveries (of one endpoint, where it is named) until `until`.

    `busy` counts calls under way per endpoint; an endpoint that is failing gets one at a time.
    """
    rows = await batch.conn.fetch(
        _LEASE, at, list(org_ids), list(busy), list(busy.values()), per_endpoint, limit, lease, until, endpoint_id
    )
    if not rows:
        return []
    endpoints = await batch.conn.fetch(_ENDPOINTS, list(org_ids), list({row["endpoint_id"] for row in rows}))
    messages = await batch.conn.fetch(_MESSAGES, list(org_ids), list({row["message_id"] for row in rows}))
    by_endpoint = {row["endpoint_id"]: dict(row) for row in endpoints}
    by_message = {row["message_id"]: dict(row) for row in messages}
    return [Due(**{**row, **by_endpoint[row["endpoint_id"]], **by_message[row["message_id"]]}) for row in rows]


async def settle(batch: Batch, org_id: UUID, due: Due, *, reply: Reply, decision: Decision, at: datetime) -> bool:
    """Write down one attempt and what follows; False when the lease was lost and somebody else has it now."""
    state = {Result.DELIVERED: "delivered", Result.DEAD: "dead", Result.RETRY: "pending"}[decision.result]
    number = await batch.conn.fetchval(
        """
        UPDATE loop.webhook_deliveries SET state = $4, step = step + 1, attempts = attempts + 1, next_at = $5,
            lease = NULL, last_status = $6, last_reason = $7,
            settled_at = CASE WHEN $4 = 'pending' THEN NULL ELSE $8::timestamptz END
        WHERE org_id = $1 AND id = $2 AND lease = $3 RETURNING attempts
        """,
        org_id,
        due.id,
        due.lease,
        state,
        decision.next_at,
        reply.status,
        reply.reason,
        at,
    )
    if number is None:
        return False
    await record_attempt(batch, org_id, due.id, number, reply=reply, at=at)
    await _endpoint_after(batch, org_id, due, decision, at)
    return True


async def record_attempt(
    tx: Transaction | Batch, org_id: UUID, delivery_id: UUID, number: int, *, reply: Reply, at: datetime
) -> None:
    """Keep one attempt for the log."""
    conn = await tx.driver()
    await conn.execute(
        "INSERT INTO loop.webhook_attempts (org_id, delivery_id, number, at, duration_ms, status, reason, response) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        org_id,
        delivery_id,
        number,
        at,
        reply.duration_ms,
        reply.status,
        reply.reason,
        reply.response,
    )


async def _endpoint_after(batch: Batch, org_id: UUID, due: Due, decision: Decision, at: datetime) -> None:
    """What an attempt says about its endpoint: a success ends a row of failures, a failure may start one."""
    if decision.result is Result.DELIVERED:
        await batch.conn.execute(
            "UPDATE loop.webhook_endpoints SET failing_since = NULL, quiet_until = NULL, last_delivered_at = $3 "
            "WHERE org_id = $1 AND id = $2 AND (failing_since IS NOT NULL OR quiet_until IS NOT NULL "
            "OR last_delivered_at IS NULL OR last_delivered_at < $3::timestamptz - interval '5 seconds')",
            org_id,
            due.endpoint_id,
            at,
        )
        return
    await batch.conn.execute(
        "UPDATE loop.webhook_endpoints SET failing_since = coalesce(failing_since, $3), "
        "quiet_until = greatest(quiet_until, $4), enabled = enabled AND $5::text IS NULL, "
        "disabled_reason = coalesce($5, disabled_reason) WHERE org_id = $1 AND id = $2",
        org_id,
        due.endpoint_id,
        at,
        decision.quiet_until,
        decision.disable,
    )
    if decision.disable is not None:
        await hold(batch, org_id, due.endpoint_id)


async def hold(batch: Batch, org_id: UUID, endpoint_id: UUID) -> None:
    """Keep what waits for an endpoint that was switched off, until it is switched on again."""
    await batch.conn.execute(
        "UPDATE loop.webhook_deliveries SET state = 'held', next_at = NULL, lease = NULL "
        "WHERE org_id = $1 AND endpoint_id = $2 AND state = 'pending'",
        org_id,
        endpoint_id,
    )
