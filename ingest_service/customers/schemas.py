"""The shape of customers in the public API: identities, what is known, and the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class KnownIdentity(BaseModel):
    """One name under which the customer is known, in normal form (e-mail lower case, phone E.164)."""

    kind: Literal["external_id", "email", "phone"]
    value: str
    since: datetime


class Contradiction(BaseModel):
    """An identity that came with this customer but belongs to `other_customer_id`; nothing was merged."""

    kind: Literal["external_id", "email", "phone"]
    other_customer_id: UUID
    seen_at: datetime


class TimelineEntry(BaseModel):
    """Something that happened: `feedback` (data: channel, ratings, text, ...) or `case_opened`, `case_changed`."""

    at: datetime
    id: UUID
    kind: Literal["feedback", "case_opened", "case_changed"]
    data: dict[str, Any]


class Timeline(BaseModel):
    """Newest first; `next_cursor` continues into the past and is null at the beginning of time."""

    data: list[TimelineEntry]
    next_cursor: str | None = None


class CustomerFound(BaseModel):
    """A customer."""

    id: UUID
    name: str | None
    attributes: dict[str, Any]
    created_at: datetime
    identities: list[KnownIdentity]


class CustomerView(CustomerFound):
    """All that is known of a customer, and one page of what happened to him."""

    contradictions: list[Contradiction]
    timeline: Timeline
