"""What is left of an event when its person is forgotten."""

from __future__ import annotations

from shared.contracts.ingest_events import FeedbackReceived
from shared.contracts.loop_events import CaseState
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging.erasure import nobodys


def test_feedback_keeps_its_scores_and_fits_its_contract() -> None:
    said = FeedbackReceived(
        feedback_id=new_id(), revision=2, channel="web", source="shop", submission_id="order-1", occurred_at=now(),
        received_at=now(), customer_id=new_id(), text="words", title="words", unit="North", attributes={"a": "words"},
        ratings=[{"metric": "nps", "value": 3, "scale": {"min": 0, "max": 10}}],
    )  # fmt: skip
    data = nobodys(said.model_dump(mode="json"))
    left = FeedbackReceived.model_validate(data)
    assert data["erased"] is True
    assert (left.text, left.title, left.customer_id, left.submission_id, left.attributes) == (None,) * 4 + ({},)
    assert (left.ratings, left.unit, left.revision) == (said.ratings, "North", 2)
    assert nobodys(data) == data


def test_a_case_keeps_the_title_that_was_made_of_scores() -> None:
    case = CaseState(
        case_id=new_id(), version=1, title="NPS 3", status="new", priority="high", customer_id=new_id(),
        opened_at=now(), changed_at=now(),
    )  # fmt: skip
    data = nobodys(case.model_dump(mode="json"))
    left = CaseState.model_validate(data)
    assert (left.title, left.customer_id) == ("NPS 3", None)
    assert "text" not in data
