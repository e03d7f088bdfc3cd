"""Handling a batch: load what is pending, call the handlers, and find the poisonous event when one fails.

1. A wake-up names deliveries. Those already settled are dropped with one read.
2. The handler gets the whole batch and claims it in its own transaction, together with its effects.
3. When it raises, the batch is halved until the guilty event stands alone; that one is retried by the schedule in
   PostgreSQL and at last parked as dead. Its neighbours go through.
4. When the cause is temporary (database away, disk full), nobody is blamed: the sweeper sends all again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Event
from shared.database.engine import Batch, Database
from shared.database.failures import is_temporary
from shared.messaging import deliveries
from shared.messaging.registry import HANDLERS, Handler
from shared.messaging.retry import Permanent, describe
from shared.telemetry.logs import log
from shared.telemetry.names import EVENTS_DEAD, EVENTS_FAILED, EVENTS_HANDLED, HANDLING_SECONDS
from shared.telemetry.tracing import event_spans


@dataclass(frozen=True)
class Handling:
    """What a handler or timer works with."""

    database: Database
    listener: str = ""
    resources: dict[str, Any] = field(default_factory=dict)
    """What the worker was started with: settings, models, connections."""

    @asynccontextmanager
    async def claim(self, events: Sequence[Event]) -> AsyncIterator[tuple[Batch, list[Event]]]:
        """One transaction over the organisations of `events`: settles their deliveries, yields those still open.

        Effects and further events belong inside the block; they commit together with the claim.
        """
        async with self.database.batch(sorted({one.org_id for one in events})) as batch:
            yield batch, await deliveries.claim(batch, self.listener, events)

    async def pending(self, refs: Sequence[tuple[UUID, UUID]]) -> list[Event]:
        """The events among `refs` that this listener has not settled."""
        async with self.database.batch(sorted({org_id for org_id, _ in refs})) as batch:
            return await deliveries.pending(batch, self.listener, refs)


async def handle(handling: Handling, listener: str, refs: Sequence[tuple[UUID, UUID]]) -> None:
    """Handle one wake-up. Never raises for a poisonous event; raises what is temporary, for the log."""
    mine = replace(handling, listener=listener)
    events = await mine.pending(refs)
    groups: dict[Handler, list[Event]] = {}
    for one in events:
        found = HANDLERS.get((listener, one.name))
        if found is None:
            await _blame(mine, one, Permanent(f"{listener} has no handler for {one.name}"))
        else:
            groups.setdefault(found, []).append(one)
    for handler, batch in groups.items():
        await _run(mine, handler, batch)


async def _run(handling: Handling, handler: Handler, events: list[Event]) -> None:
    try:
        with HANDLING_SECONDS.labels(handling.listener).time(), event_spans(handling.listener, events):
            await handler(events, handling)
        EVENTS_HANDLED.labels(handling.listener).inc(len(events))
    except Exception as error:
        if is_temporary(error):
            log.warning("handler.temporary", listener=handling.listener, events=len(events), error=describe(error))
            raise
        if len(events) == 1:
            await _blame(handling, events[0], error)
            return
        middle = len(events) // 2
        await _run(handling, handler, events[:middle])
        await _run(handling, handler, events[middle:])


async def _blame(handling: Handling, one: Event, error: Exception) -> None:
    async with handling.database.batch([one.org_id]) as batch:
        dead = await deliveries.record_failure(
            batch, handling.listener, one, describe(error), permanent=isinstance(error, Permanent)
        )
    (EVENTS_DEAD if dead else EVENTS_FAILED).labels(handling.listener).inc()
    log.error(
        "handler.dead" if dead else "handler.failed",
        listener=handling.listener,
        event_name=one.name,
        event_id=str(one.id),
        org_id=str(one.org_id),
        error=describe(error),
    )
