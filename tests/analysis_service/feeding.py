"""Feedback for tests: events as ingest publishes them, written as ingest writes them, and a plain recount."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Event, event
from shared.database import Database
from shared.foundation.ids import new_id
from shared.messaging import publish
from tests.support.servers import Servers

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def rating(metric: str, value: float, low: float = 0, high: float = 10, **more: Any) -> dict[str, Any]:
    """One rating as the contract has it."""
    scale = {"min": low, "max": high, "direction": more.pop("direction", "ascending")}
    return {"metric": metric, "value": value, "scale": scale, "aspect": more.pop("aspect", None)}


def received(org_id: UUID, *, feedback_id: UUID | None = None, revision: int = 1, **fields: Any) -> Event:
    """A FeedbackReceived event; `fields` override its data."""
    feedback_id = feedback_id or new_id()
    occurred_at = fields.pop("occurred_at", NOON)
    data = {
        "feedback_id": str(feedback_id),
        "revision": revision,
        "channel": "email",
        "source": "survey",
        "submission_id": None,
        "occurred_at": occurred_at.isoformat(),
        "received_at": NOON.isoformat(),
        "customer_id": None,
        "ratings": [],
        "text": None,
        "title": None,
        "language": None,
        "unit": None,
        "touchpoint": None,
        "attributes": {},
        **{name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()},
    }
    own = feedback_id if revision == 1 else new_id()
    return event(org_id, "FeedbackReceived", data, publisher="ingest", id=own, occurred_at=NOON)


@asynccontextmanager
async def as_ingest(servers: Servers) -> AsyncIterator[Database]:
    """The database as ingest sees it: the only one that may publish in its name."""
    database = await Database.connect(servers.database_url, role="cxloop_ingest", pool_size=2)
    try:
        yield database
    finally:
        await database.close()


@dataclass
class Feeder:
    """Publishes feedback; the worker's sweeper is not waited for, the worker is woken directly."""

    database: Database
    wake: Any
    sent: list[Event] = field(default_factory=list)

    async def send(self, events: Sequence[Event]) -> None:
        """Publish in one transaction and let the analysis worker handle them."""
        async with self.database.batch(sorted({one.org_id for one in events})) as batch:
            await publish(batch, events)
        self.sent += events
        await self.wake(events)
