"""Tables of the records slice, as SQLModel sees them; the migration is what made them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from analysis_service.database import AnalysisTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class FacetRow(AnalysisTable, table=True):
    """One combination of channel, source, unit, touchpoint and language; the empty text means "none"."""

    __tablename__ = "facets"
    org_id: UUID = org_key()
    facet: UUID = id_key()
    channel: str = words()
    source: str = words()
    unit: str = words()
    touchpoint: str = words()
    language: str = words()


class RecordRow(AnalysisTable, table=True):
    """Feedback as analysed: the newest revision seen. Texts were redacted before they arrived here."""

    __tablename__ = "records"
    org_id: UUID = org_key()
    feedback_id: UUID = id_key()
    occurred_at: datetime = utc()
    received_at: datetime = utc()
    stored_at: datetime = utc()
    analysed_at: datetime = utc()
    facet: UUID = uuid_column()
    customer_id: UUID | None = uuid_column(nullable=True)
    revision: int
    nps: float | None = None
    csat: float | None = None
    csat_scale: str | None = words(nullable=True)
    ces: float | None = None
    ces_scale: str | None = words(nullable=True)
    stars: float | None = None
    stars_scale: str | None = words(nullable=True)
    rating: float | None = None
    rating_scale: str | None = words(nullable=True)
    sentiment: str | None = words(nullable=True)
    sentiment_score: float | None = None
    sentiment_reason: str | None = words(nullable=True)
    submission_id: str | None = words(nullable=True)
    title: str | None = words(nullable=True)
    text: str | None = words(nullable=True)
    ratings: list[dict[str, Any]] = jsonb()
    aspects: list[dict[str, Any]] | None = jsonb(nullable=True)
    probabilities: dict[str, float] | None = jsonb(nullable=True)
    terms: list[dict[str, Any]] = jsonb()
    attributes: dict[str, Any] = jsonb()
    model: str = words()
    content_hash: bytes = Field()
