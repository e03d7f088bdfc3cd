"""Tables of the intake: feedback (a row per revision, never edited) and what makes it arrive once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from ingest_service.database import IngestTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class FeedbackRow(IngestTable, table=True):
    """One revision of one piece of feedback, as it was received, texts redacted."""

    __tablename__ = "feedback"
    org_id: UUID = org_key()
    id: UUID = id_key()
    revision: int = Field(primary_key=True)
    channel: str = words()
    source: str = words()
    submission_id: str | None = words(nullable=True)
    occurred_at: datetime = utc()
    received_at: datetime = utc()
    customer_id: UUID | None = uuid_column(nullable=True)
    ratings: list[dict[str, Any]] = jsonb()
    text: str | None = words(nullable=True)
    title: str | None = words(nullable=True)
    language: str | None = words(nullable=True)
    unit: str | None = words(nullable=True)
    touchpoint: str | None = words(nullable=True)
    attributes: dict[str, Any] = jsonb()
    survey_id: str | None = words(nullable=True)


class SubmissionRow(IngestTable, table=True):
    """Which feedback a sender's own id became, and a fingerprint of what was said last."""

    __tablename__ = "submissions"
    org_id: UUID = org_key()
    source: str = Field(primary_key=True)
    submission_id: str = Field(primary_key=True)
    feedback_id: UUID = uuid_column()
    revision: int
    content_hash: bytes
    occurred_at: datetime = utc()
    trusted: bool = True
    """Told with a secret key at least once: browsers cannot revise it any more."""
    erased_at: datetime | None = utc(nullable=True)
    """What was said is erased; whoever says it again is told that it is known."""


class IdempotencyRow(IngestTable, table=True):
    """An answer kept for a repeated request; without status while the request is under way."""

    __tablename__ = "idempotency_keys"
    org_id: UUID = org_key()
    key: str = Field(primary_key=True)
    fingerprint: bytes
    status: int | None = None
    body: bytes | None = None
    created_at: datetime = utc()
