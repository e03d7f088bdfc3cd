"""The relay: after a commit it wakes the listeners at once; what it misses, the sweeper finds.

It holds nothing that matters. While Valkey is away it drops what it gathered and tries the connection again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from shared.database.engine import Published
from shared.messaging.jobs import connect, enqueue
from shared.telemetry.logs import log
from shared.telemetry.names import RELAY_DROPPED, RELAY_SENT

LIMIT = 50_000
"""References held at most; beyond, the sweeper takes over."""
PAUSE_S = 0.5
REST_S = 0.05
"""Between two sendings: workers look that often, so more wake-ups would only cost more (some 0.5 ms of CPU each,
and half a dozen round trips one after the other, which limits a worker on a busy machine to about 60 a second)."""


class Relay:
    """Hears commits (`hear` is a Database.after_commit hook) and enqueues in the background."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._due: list[Published] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._redis: ArqRedis | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Send what is left, at most for a second, and end."""
        if self._task:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while self._due:
                        self._wake.set()
                        await asyncio.sleep(0.02)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._redis:
            await self._redis.aclose(close_connection_pool=True)

    def hear(self, published: list[Published]) -> None:
        """Take note of committed deliveries; never blocks, never fails."""
        if len(self._due) < LIMIT:
            self._due.extend(published)
        else:
            RELAY_DROPPED.inc(len(published))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, []
            if not due:
                continue
            try:
                if self._redis is None:
                    self._redis = await connect(self._url)
                await enqueue(self._redis, due)
                RELAY_SENT.inc(len(due))
                await asyncio.sleep(REST_S)
            except (RedisError, OSError, TimeoutError) as away:
                RELAY_DROPPED.inc(len(due))
                log.warning("relay.queue_away", error=type(away).__name__, left_to_sweeper=len(due))
                await asyncio.sleep(PAUSE_S)
