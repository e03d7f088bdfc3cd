"""A record: which words are read, which facet it falls under, what the others are told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from analysis_service.records.record import NOTHING_READ, analysed_event, understood, words_of
from analysis_service.text import Annotation, Sentiment, Term
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.contracts.ingest_events import FeedbackReceived
from tests.analysis_service.feeding import NOON, received

ORG = UUID(int=7)


def _received(**fields: Any) -> FeedbackReceived:
    return FeedbackReceived.model_validate(received(ORG, **fields).data)


def test_the_text_is_read_and_the_title_only_in_its_place() -> None:
    assert words_of(_received(text="Text.", title="Title")) == "Text."
    assert words_of(_received(text="  ", title="Title")) == "Title"
    assert words_of(_received(text=None, title="")) is None


def test_without_words_there_is_no_annotation_and_the_language_is_as_told() -> None:
    source = received(ORG, language="fr")
    record = understood(source, FeedbackReceived.model_validate(source.data), None, NOON)
    assert record.facet.language == "fr"
    told = FeedbackAnalyzed.model_validate(analysed_event(record).data)
    assert (told.sentiment, told.sentiment_reason, told.model) == (None, "no_text", NOTHING_READ)


def test_the_others_are_told_what_was_received_and_what_it_means() -> None:
    source = received(ORG, text="Good.", unit="Lisbon", language="pt")
    meaning = Sentiment("positive", 0.81239, {"positive": 0.9, "neutral": 0.05, "negative": 0.05})
    annotation = Annotation("en", meaning, None, [Term("Good", 0, 4, 1.0)], "model-1")
    record = understood(source, FeedbackReceived.model_validate(source.data), annotation, NOON)
    assert record.facet.language == "en"
    event = analysed_event(record)
    told = FeedbackAnalyzed.model_validate(event.data)
    assert (told.feedback_id, told.unit, told.language, told.text) == (source.id, "Lisbon", "en", "Good.")
    assert told.sentiment is not None
    assert told.sentiment.score == 0.812
    assert (event.publisher, event.org_id) == ("analysis", ORG)
    assert len(record.content_hash) == 16
