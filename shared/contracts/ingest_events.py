"""Events that the ingest service publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Scale(BaseModel):
    """Bounds of a rating question; `ascending` means that more is better."""

    model_config = ConfigDict(frozen=True)
    min: float
    max: float
    direction: Literal["ascending", "descending"] = "ascending"


class Rating(BaseModel):
    """One score. `aspect` names a sub-score (cleanliness); None is the score of the whole."""

    model_config = ConfigDict(frozen=True)
    metric: Literal["nps", "csat", "ces", "stars", "rating"]
    value: float
    scale: Scale
    aspect: str | None = None


class FeedbackReceived(BaseModel):
    """A revision of one piece of feedback was stored; texts are already redacted."""

    model_config = ConfigDict(frozen=True)
    feedback_id: UUID
    revision: int
    channel: str
    source: str
    submission_id: str | None = None
    occurred_at: datetime
    received_at: datetime
    customer_id: UUID | None = None
    ratings: list[Rating] = []
    text: str | None = None
    title: str | None = None
    language: str | None = None
    unit: str | None = None
    touchpoint: str | None = None
    attributes: dict[str, Any] = {}


class CustomerErased(BaseModel):
    """A customer was forgotten; what he said is nobody's from now on. Several events when he said very much."""

    model_config = ConfigDict(frozen=True)
    customer_id: UUID
    feedback_ids: list[UUID]


class ImportContinues(BaseModel):
    """The next slice of an import is due."""

    model_config = ConfigDict(frozen=True)
    import_id: UUID
    position: int
