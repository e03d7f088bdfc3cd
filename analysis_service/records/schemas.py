"""API shapes of feedback as analysed, and the parameters of its list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from analysis_service.metrics.inputs import DimensionQuery, Word, Written
from analysis_service.records.tables import FacetRow, RecordRow
from shared.contracts.ingest_events import FeedbackReceived

Sort = Literal["-occurred_at", "occurred_at", "-received_at", "received_at"]
Bound = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
Label = Literal["positive", "neutral", "negative", "mixed"]


class FeedbackQuery(DimensionQuery):
    """Filters, order and page of `GET /v1/feedback`."""

    from_: Written | None = Field(default=None, alias="from", description="occurred_at at or after this instant.")
    to: Written | None = Field(default=None, description="occurred_at before this instant.")
    sentiment: list[Label] = Field(default=[], max_length=4, description="Sentiment label; may be repeated.")
    customer_id: UUID | None = Field(default=None, description="Feedback of this customer.")
    nps_min: Bound | None = Field(default=None, description="NPS answer at least this; 9 asks for promoters.")
    nps_max: Bound | None = Field(default=None, description="NPS answer at most this; 6 asks for detractors.")
    csat_min: Bound | None = Field(default=None, description="CSAT answer at least this.")
    csat_max: Bound | None = Field(default=None, description="CSAT answer at most this.")
    ces_min: Bound | None = Field(default=None, description="CES answer at least this.")
    ces_max: Bound | None = Field(default=None, description="CES answer at most this.")
    stars_min: Bound | None = Field(default=None, description="Stars at least this.")
    stars_max: Bound | None = Field(default=None, description="Stars at most this.")
    rating_min: Bound | None = Field(default=None, description="Rating at least this.")
    rating_max: Bound | None = Field(default=None, description="Rating at most this.")
    has_text: bool | None = Field(default=None, description="true: only feedback with words; false: only without.")
    q: Annotated[Word, StringConstraints(min_length=2, max_length=200)] | None = Field(
        default=None,
        description="Text or title holds these words, case ignored. A page may come back short while more is to be "
        "searched: go on while next_cursor is not null.",
    )
    sort: Sort = Field(default="-occurred_at", description="Newest first (-) or oldest first; received_at = by id.")
    limit: int = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=500)] | None = None


class Sentiment(BaseModel):
    """Sentiment of the whole: score −1…1, calibrated probabilities that sum to 1."""

    label: Label
    score: float
    probabilities: dict[str, float]


class Term(BaseModel):
    """Words that weighed: `text` is [start, end) of the feedback's text (of its title where there is no text)."""

    model_config = ConfigDict(extra="allow")
    text: str
    start: int
    end: int
    weight: float


class FeedbackOut(BaseModel):
    """One piece of feedback. `received`: stored and not analysed yet; `analysed`: with its annotation."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    status: Literal["received", "analysed"]
    revision: int
    channel: str
    source: str | None
    submission_id: str | None
    occurred_at: datetime
    received_at: datetime
    analysed_at: datetime | None
    customer_id: UUID | None
    ratings: list[dict[str, Any]]
    title: str | None
    text: str | None
    language: str | None
    unit: str | None
    touchpoint: str | None
    attributes: dict[str, Any]
    sentiment: Sentiment | None
    sentiment_reason: str | None
    """Why there is no sentiment: no_text, language_unsupported, not_analysed_yet."""
    terms: list[Term]
    model: str | None
    links: dict[str, str]


def _links(feedback_id: UUID) -> dict[str, str]:
    return {"self": f"/v1/feedback/{feedback_id}", "trace": f"/v1/feedback/{feedback_id}/trace"}


def analysed(row: RecordRow, facet: FacetRow) -> FeedbackOut:
    """A stored record as the API shows it."""
    sentiment = None
    if row.sentiment is not None:
        sentiment = Sentiment.model_validate(
            {"label": row.sentiment, "score": row.sentiment_score, "probabilities": row.probabilities or {}}
        )
    return FeedbackOut(
        id=row.feedback_id,
        status="analysed",
        revision=row.revision,
        channel=facet.channel,
        source=facet.source or None,
        submission_id=row.submission_id,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        analysed_at=row.analysed_at,
        customer_id=row.customer_id,
        ratings=row.ratings,
        title=row.title,
        text=row.text,
        language=facet.language or None,
        unit=facet.unit or None,
        touchpoint=facet.touchpoint or None,
        attributes=row.attributes,
        sentiment=sentiment,
        sentiment_reason=row.sentiment_reason,
        terms=[Term.model_validate(term) for term in row.terms],
        model=row.model,
        links=_links(row.feedback_id),
    )


def only_received(data: dict[str, Any]) -> FeedbackOut:
    """Feedback that waits to be analysed, as its event tells it."""
    received = FeedbackReceived.model_validate(data)
    return FeedbackOut(
        id=received.feedback_id,
        status="received",
        revision=received.revision,
        channel=received.channel,
        source=received.source or None,
        submission_id=received.submission_id,
        occurred_at=received.occurred_at,
        received_at=received.received_at,
        analysed_at=None,
        customer_id=received.customer_id,
        ratings=data.get("ratings") or [],
        title=received.title,
        text=received.text,
        language=received.language,
        unit=received.unit,
        touchpoint=received.touchpoint,
        attributes=received.attributes,
        sentiment=None,
        sentiment_reason="not_analysed_yet",
        terms=[],
        model=None,
        links=_links(received.feedback_id),
    )
