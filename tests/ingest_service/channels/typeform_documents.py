"""Typeform webhooks written by us, in the shape that Typeform documents."""

from __future__ import annotations

from typing import Any

Answer = dict[str, Any]


def field(ref: str, kind: str, **properties: Any) -> dict[str, Any]:
    """A question of the form."""
    return {"id": f"id-{ref}", "ref": ref, "type": kind, "title": f"Question {ref}", "properties": properties}


def answer(ref: str, field_type: str, kind: str, value: Any) -> Answer:
    """An answer to it."""
    return {"type": kind, kind: value, "field": {"id": f"id-{ref}", "type": field_type, "ref": ref}}


def webhook(fields: list[dict[str, Any]], answers: list[Answer], **response: Any) -> dict[str, Any]:
    """A form_response."""
    return {
        "event_id": "01EVENT",
        "event_type": "form_response",
        "form_response": {
            "form_id": "FORM01",
            "token": "token-1",
            "landed_at": "2026-02-28T09:00:00Z",
            "submitted_at": "2026-02-28T09:01:00Z",
            "definition": {"id": "FORM01", "title": "After the visit", "fields": fields},
            "answers": answers,
            **response,
        },
    }


NPS_FORM = [field("recommend", "nps"), field("why", "long_text")]


def nps_webhook(
    score: int = 2, text: str = "Terrible: rude staff, and the parcel came a week late.", **response: Any
) -> dict[str, Any]:
    """The usual form: how likely are you to recommend us, and why."""
    answers = [answer("recommend", "nps", "number", score), answer("why", "long_text", "text", text)]
    return webhook(NPS_FORM, **{"answers": answers, **response})
