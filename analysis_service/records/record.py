"""A record: one piece of feedback with what its words mean (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from analysis_service.metrics.cells import Facet
from analysis_service.records.counting import NO_TEXT, Counted, answers_of
from analysis_service.text import Annotation
from shared.contracts.envelope import Event, event
from shared.contracts.ingest_events import FeedbackReceived

UNEXPLAINED = "unscored"
NOTHING_READ = "none"
"""The model of a record without words."""


@dataclass(frozen=True, slots=True)
class Record:
    """Feedback as received, its facet, and its annotation; None where there were no words."""

    event_id: UUID
    org_id: UUID
    received: FeedbackReceived
    raw: dict[str, Any]
    """The event's data as it came: what is stored and passed on unchanged."""
    trace: str | None
    facet: Facet
    facet_key: UUID
    annotation: Annotation | None
    stored_at: datetime
    analysed_at: datetime
    counted: Counted

    @property
    def key(self) -> tuple[UUID, UUID]:
        """(organisation, feedback)."""
        return self.org_id, self.received.feedback_id

    @property
    def content_hash(self) -> bytes:
        """128 bits of what was read, so that equal words need not be read twice."""
        return blake2b((words_of(self.received) or "").encode(), digest_size=16).digest()


def words_of(received: FeedbackReceived) -> str | None:
    """The words that are annotated: the text, or the title of feedback that has no more than that.

    The spans of an annotation point into these words.
    """
    for words in (received.text, received.title):
        if words and words.strip():
            return words
    return None


def understood(source: Event, received: FeedbackReceived, annotation: Annotation | None, at: datetime) -> Record:
    """Put together what arrived and what it means. `at` is the time of analysis."""
    language = (annotation.language if annotation else None) or received.language or ""
    facet = Facet(received.channel, received.source, received.unit or "", received.touchpoint or "", language)
    key = facet.key
    sentiment = annotation.sentiment if annotation else None
    score = None if sentiment is None else round(sentiment.score, 3)
    reason = NO_TEXT if annotation is None else annotation.reason or UNEXPLAINED
    counted = Counted(
        source.org_id,
        received.occurred_at,
        key,
        answers_of(received.ratings),
        sentiment.label if sentiment else None,
        score,
        None if sentiment else reason,
    )
    return Record(
        source.id,
        source.org_id,
        received,
        source.data,
        source.trace,
        facet,
        key,
        annotation,
        source.occurred_at,
        at,
        counted,
    )


def analysed_event(record: Record) -> Event:
    """The fat event that tells the others: everything received, and what it means."""
    annotation = record.annotation
    sentiment = annotation.sentiment if annotation else None
    data = {
        **record.raw,
        "language": record.facet.language or None,
        "sentiment": None
        if sentiment is None
        else {
            "label": sentiment.label,
            "score": record.counted.score,
            "probabilities": sentiment.probabilities,
        },
        "sentiment_reason": record.counted.reason,
        "model": annotation.model if annotation else NOTHING_READ,
        "stored_at": record.stored_at.isoformat(),
        "analysed_at": record.analysed_at.isoformat(),
    }
    return event(
        record.org_id,
        "FeedbackAnalyzed",
        data,
        publisher="analysis",
        occurred_at=record.analysed_at,
        trace=record.trace,
    )
