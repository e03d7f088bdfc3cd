"""Waiting by probe: until deliveries are settled, or until any condition holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar
from uuid import UUID

import asyncpg

Seen = TypeVar("Seen")


async def until(probe: Callable[[], Awaitable[Seen]], *, timeout: float = 30.0, what: str = "the condition") -> Seen:
    """Call `probe` until it gives something true; returns that. Raises AssertionError after `timeout` seconds."""
    end = monotonic() + timeout
    while True:
        seen = await probe()
        if seen:
            return seen
        if monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout:g} s")
        await asyncio.sleep(0.03)


async def drained(database_url: str, org_id: UUID, *, queue: str | None = None, timeout: float = 30.0) -> None:
    """Wait until no delivery of the organisation is pending (on `queue`, or anywhere)."""
    conn = await asyncpg.connect(database_url)
    try:

        async def empty() -> bool:
            return not await conn.fetchval(
                "SELECT count(*) FROM messaging.deliveries WHERE org_id = $1 AND state = 'pending' "
                "AND ($2::text IS NULL OR queue = $2)",
                org_id,
                queue,
            )

        await until(empty, timeout=timeout, what="draining the queues")
    finally:
        await conn.close()
