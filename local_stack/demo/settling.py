"""Waiting until everything that was sent is understood, acted on and told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from uuid import UUID

from local_stack.demo.client import DemoError
from local_stack.stack import Stack
from shared.database import Database
from shared.database.migrate import OPERATOR

STUCK_AFTER_S = 120.0
"""Without any progress for so long, the demo says so instead of waiting for ever."""

PENDING = "SELECT count(*) FROM messaging.deliveries WHERE org_id = $1 AND state = 'pending'"
SETTLED = "SELECT count(*) FROM messaging.deliveries WHERE org_id = $1 AND state <> 'pending'"


async def settled(stack: Stack, organization_id: str, show: Callable[[int, int], None]) -> None:
    """Return when no delivery of the organisation is pending. `show(pending, in all)` is called now and then."""
    if stack.servers is None or not stack.servers.owner_url:
        return
    database = await Database.connect(stack.servers.owner_url, role=OPERATOR, pool_size=2)
    org_id = UUID(organization_id)
    done_before, progressed = -1, monotonic()
    try:
        while True:
            async with database.batch([org_id]) as batch:
                pending = await batch.conn.fetchval(PENDING, org_id)
                done = await batch.conn.fetchval(SETTLED, org_id)
            show(pending, pending + done)
            if not pending:
                return
            if done != done_before:
                done_before, progressed = done, monotonic()
            elif monotonic() - progressed > STUCK_AFTER_S:
                raise DemoError(f"{pending} events do not settle; `cxloop events list` shows them, the logs say why")
            await asyncio.sleep(0.15)
    finally:
        await database.close()
