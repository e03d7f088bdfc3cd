"""Events that the loop service publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class CaseState(BaseModel):
    """A case as it stands after the change; the data of CaseOpened and CaseChanged."""

    model_config = ConfigDict(frozen=True)
    case_id: UUID
    version: int
    title: str
    status: str
    outcome: str | None = None
    priority: str
    owner_id: UUID | None = None
    owner_email: str | None = None
    due_at: datetime | None = None
    rule_id: UUID | None = None
    feedback_id: UUID | None = None
    customer_id: UUID | None = None
    channel: str | None = None
    unit: str | None = None
    opened_at: datetime
    changed_at: datetime
    customer_informed_at: datetime | None = None
    change: dict[str, Any] = {}
    """What changed and who did it: {"kind", "from", "to", "actor"}; empty when the case opened."""
