"""API shape of a trace."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class StageOut(BaseModel):
    """One stage. `duration_ms` counts from the stage before; `next_at` says when a failed step is tried again."""

    name: Literal["received", "stored", "analysed", "rules", "case", "delivered"]
    state: Literal["done", "pending", "failed", "skipped", "waiting"]
    at: datetime | None
    duration_ms: int | None
    reason: str | None
    attempt: int | None
    next_at: datetime | None
    details: list[dict[str, Any]]


class TraceOut(BaseModel):
    """What happened to one piece of feedback. `complete`: nothing more will happen by itself."""

    feedback_id: UUID
    complete: bool
    total_ms: int | None
    stages: list[StageOut]
