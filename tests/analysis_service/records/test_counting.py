"""What a record counts for: one voice per question, on its scale, in its hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from analysis_service.metrics.cells import merge
from analysis_service.records.counting import Answer, Counted, answers_of, contributions
from shared.contracts.ingest_events import Rating
from tests.analysis_service.feeding import NOON, rating


def _ratings(*given: dict[str, Any]) -> list[Rating]:
    return [Rating.model_validate(one) for one in given]


def test_the_first_answer_to_a_question_counts() -> None:
    found = answers_of(
        _ratings(
            rating("csat", 4, 1, 5),
            rating("csat", 1, 1, 7),
            rating("csat", 2.34567, 1, 5, aspect="noise"),
            rating("ces", 2, 1, 5, direction="descending"),
        )
    )
    assert found == (
        Answer("csat", "1-5", "", 4),
        Answer("csat", "1-5", "noise", 2.346),
        Answer("ces", "1-5 descending", "", 2),
    )


def test_what_is_no_answer_on_its_scale_counts_nowhere() -> None:
    assert answers_of(_ratings(rating("nps", 4, 1, 5), rating("csat", 9, 1, 5))) == ()


def _counted(**fields: Any) -> Counted:
    whole: dict[str, Any] = {
        "org_id": UUID(int=1),
        "occurred_at": NOON + timedelta(minutes=59),
        "facet": UUID(int=2),
        "answers": (),
        "sentiment": None,
        "score": None,
        "reason": "no_text",
        **fields,
    }
    return Counted(**whole)


def test_a_record_counts_in_the_hour_it_happened() -> None:
    cells = merge(contributions(_counted(answers=(Answer("nps", "0-10", "", 10),), sentiment="mixed", score=0.5)))
    assert {key.metric for key, _ in cells} == {"volume", "nps", "sentiment"}
    assert {key.hour for key, _ in cells} == {NOON}


def test_words_that_could_not_be_scored_are_counted_apart() -> None:
    assert [key.metric for key, _ in merge(contributions(_counted(reason="language_unsupported")))] == [
        "sentiment_unscored",
        "volume",
    ]
    assert [key.metric for key, _ in merge(contributions(_counted()))] == ["volume"]
