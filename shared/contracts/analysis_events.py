"""Events that the analysis service publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.ingest_events import FeedbackReceived


class Sentiment(BaseModel):
    """Sentiment of a whole record: score −1…1, calibrated probabilities that sum to 1."""

    model_config = ConfigDict(frozen=True)
    label: Literal["positive", "neutral", "negative", "mixed"]
    score: float
    probabilities: dict[str, float]


class FeedbackAnalyzed(FeedbackReceived):
    """The feedback as understood; `language` is the detected one."""

    sentiment: Sentiment | None = None
    sentiment_reason: str | None = None
    """Why there is no sentiment, e.g. `no_text`, `language_unsupported`."""
    model: str
    stored_at: datetime
    analysed_at: datetime
