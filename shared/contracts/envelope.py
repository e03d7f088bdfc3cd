"""The envelope of every event: a fact of one organisation that crossed a service's boundary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.foundation.clock import now
from shared.foundation.ids import new_id


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `data` is JSON-compatible and fat: a listener never has to ask back."""

    org_id: UUID
    name: str
    data: dict[str, Any]
    publisher: str
    id: UUID
    occurred_at: datetime
    trace: str | None = None
    """W3C traceparent of the request that caused it."""


def event(
    org_id: UUID,
    name: str,
    data: dict[str, Any],
    *,
    publisher: str,
    id: UUID | None = None,
    occurred_at: datetime | None = None,
    trace: str | None = None,
) -> Event:
    """Build an event; id and time are made here unless given (an id that is given makes publishing idempotent)."""
    return Event(org_id, name, data, publisher, id or new_id(), occurred_at or now(), trace)
