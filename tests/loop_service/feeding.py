"""Analysed feedback and members for tests: events as analysis and the gateway publish them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Event, event
from shared.database import Database
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.messaging.work import handle
from tests.support.drain import drained
from tests.support.servers import Servers
from tests.support.services import RunningService

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def rating(metric: str, value: float, low: float = 0, high: float = 10) -> dict[str, Any]:
    """One rating as the contract has it."""
    return {
        "metric": metric,
        "value": value,
        "scale": {"min": low, "max": high, "direction": "ascending"},
        "aspect": None,
    }


def analysed(org_id: UUID, *, feedback_id: UUID | None = None, revision: int = 1, **fields: Any) -> Event:
    """A FeedbackAnalyzed event of an nps of 3 with words; `fields` override its data, `trace` its traceparent."""
    trace = fields.pop("trace", None)
    at = now().isoformat()
    data = {
        "feedback_id": str(feedback_id or new_id()),
        "revision": revision,
        "channel": "email",
        "source": "survey",
        "submission_id": None,
        "occurred_at": NOON.isoformat(),
        "received_at": at,
        "customer_id": None,
        "ratings": [rating("nps", 3)],
        "text": "The parcel came a week late.",
        "title": None,
        "language": "en",
        "unit": "north",
        "touchpoint": None,
        "attributes": {},
        "sentiment": {
            "label": "negative",
            "score": -0.8,
            "probabilities": {"positive": 0.1, "neutral": 0.1, "negative": 0.8},
        },
        "sentiment_reason": None,
        "model": "test",
        "stored_at": at,
        "analysed_at": at,
        **{name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()},
    }
    return event(org_id, "FeedbackAnalyzed", data, publisher="analysis", trace=trace)


@dataclass
class Feeder:
    """Publishes as analysis and the gateway do, and has the loop handle it before it returns."""

    servers: Servers
    loop: RunningService
    analysis: Database
    gateway: Database

    async def send(self, *events: Event) -> None:
        """Publish analysed feedback in one transaction and let the rules judge it."""
        await self.publish(events)
        await handle(self.loop.worker.handling, "loop.rules", [(one.org_id, one.id) for one in events])

    async def publish(self, events: Sequence[Event]) -> None:
        """Only publish; nobody is woken."""
        async with self.analysis.batch(sorted({one.org_id for one in events})) as batch:
            await publish(batch, events)

    async def member(self, org_id: UUID, email: str, role: str = "manager", **fields: Any) -> UUID:
        """A member of the organisation as the gateway tells it; returns the id."""
        member_id = fields.pop("member_id", None) or new_id()
        data = {
            "member_id": str(member_id),
            "email": email,
            "name": "Agent 1",
            "role": role,
            "active": True,
            "version": 1,
            **fields,
        }
        told = event(org_id, "MemberChanged", data, publisher="gateway")
        async with self.gateway.batch([org_id]) as batch:
            await publish(batch, [told])
        await handle(self.loop.worker.handling, "loop.cases", [(org_id, told.id)])
        return UUID(str(member_id))

    async def settled(self, org_id: UUID) -> None:
        """Until the loop has handled everything of the organisation."""
        await drained(self.servers.database_url, org_id, queue="loop")
