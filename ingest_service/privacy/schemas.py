"""The shape of an erasure in the public API."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Erased(BaseModel):
    """How much there was: pieces of feedback that lost their words, identities and timeline entries deleted."""

    feedback: int
    identities: int
    timeline: int


class ErasureReceipt(BaseModel):
    """A customer was forgotten at `requested_at`; records, cases and messages follow within seconds."""

    id: UUID
    requested_at: datetime
    erased: Erased
