"""The sweeper: whatever is not settled when its lease ends is sent again.

It reads the clock of the database only. It keeps quiet while the queue still holds work, since then nothing is
lost, only late: sending more would not make the workers faster.
"""

from __future__ import annotations

from arq.connections import ArqRedis

from shared.database.engine import Database
from shared.database.migrate import SWEEPER
from shared.messaging import deliveries
from shared.messaging.jobs import enqueue, queue_key
from shared.messaging.publishing import LEASE_S
from shared.messaging.retry import SENDS_IN_BATCHES
from shared.telemetry.names import QUEUE_DEAD, QUEUE_LATE_SECONDS, QUEUE_PENDING, SWEPT

BUSY_JOBS = 24
"""With more jobs than this in the queue, its workers are busy and nothing is swept."""
SWEEP_LIMIT = 5_000


async def sweep(database: Database, redis: ArqRedis, queue: str) -> int:
    """Send again what is due on `queue`; returns how many deliveries. Raises when Valkey is away."""
    if await redis.zcard(queue_key(queue)) > BUSY_JOBS:
        return 0
    async with database.batch([], role=SWEEPER) as batch:
        due = await deliveries.take_due(batch, queue, limit=SWEEP_LIMIT, lease_s=LEASE_S)
    together = [one for one, sends in due if sends <= SENDS_IN_BATCHES]
    alone = [one for one, sends in due if sends > SENDS_IN_BATCHES]
    await enqueue(redis, together)
    await enqueue(redis, alone, alone=True)
    SWEPT.labels(queue).inc(len(due))
    return len(due)


async def measure(database: Database, queue: str) -> None:
    """Set the gauges of the queue: pending, lateness, dead."""
    async with database.batch([], role=SWEEPER) as batch:
        pending, late, dead = await deliveries.backlog(batch, queue)
    QUEUE_PENDING.labels(queue).set(pending)
    QUEUE_LATE_SECONDS.labels(queue).set(late)
    QUEUE_DEAD.labels(queue).set(dead)


async def forget(database: Database, *, older_than_days: int) -> int:
    """Delete settled events that are old, one bounded portion."""
    async with database.batch([], role=SWEEPER) as batch:
        return await deliveries.forget_settled(batch, older_than_days=older_than_days)
