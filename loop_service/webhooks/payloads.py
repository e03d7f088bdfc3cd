"""What a webhook says: `{"type", "timestamp", "data"}`, always below 20 kB (pure)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

CASE_OPENED, CASE_CHANGED, FEEDBACK_ANALYZED = "case.opened", "case.changed", "feedback.analyzed"
TYPES = {"CaseOpened": CASE_OPENED, "CaseChanged": CASE_CHANGED, "FeedbackAnalyzed": FEEDBACK_ANALYZED}
"""Event name → webhook type; nothing else leaves the house."""

EVENT_TYPES = (CASE_OPENED, CASE_CHANGED, FEEDBACK_ANALYZED)
MAX_BYTES = 20_000
SHORT_TEXT = 2_000

_PRIVATE = ("owner_email",)
"""Left out of every webhook: a receiver gets ids of colleagues, not their addresses."""


def payload(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The exact text that is signed and sent. What is too long is shortened, and `truncated` says so."""
    told = {name: value for name, value in data.items() if name not in _PRIVATE}
    body = _text(kind, at, told)
    for shorten in (_short_texts, _without_attributes, _without_texts, _ids_only):
        if len(body.encode()) < MAX_BYTES:
            break
        told = {**shorten(told), "truncated": True}
        body = _text(kind, at, told)
    return body


def _text(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    return orjson.dumps({"type": kind, "timestamp": at, "data": data}, option=orjson.OPT_UTC_Z).decode()


def _short_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value[:SHORT_TEXT] if name in ("text", "title") and isinstance(value, str) else value
        for name, value in data.items()
    }


def _without_attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "attributes"}


def _without_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("text", "title")}


def _ids_only(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name.endswith("_id") and isinstance(value, str)}


EXAMPLES: dict[str, dict[str, Any]] = {
    CASE_OPENED: {
        "case_id": "01890000-0000-7000-8000-000000000001",
        "version": 1,
        "title": "NPS 3 · email · north",
        "status": "new",
        "outcome": None,
        "priority": "high",
        "owner_id": None,
        "due_at": "2026-01-03T09:00:00Z",
        "rule_id": "01890000-0000-7000-8000-000000000002",
        "feedback_id": "01890000-0000-7000-8000-000000000003",
        "customer_id": None,
        "channel": "email",
        "unit": "north",
        "opened_at": "2026-01-01T09:00:00Z",
        "changed_at": "2026-01-01T09:00:00Z",
        "customer_informed_at": None,
        "change": {},
    },
    FEEDBACK_ANALYZED: {
        "feedback_id": "01890000-0000-7000-8000-000000000003",
        "revision": 1,
        "channel": "email",
        "source": "survey",
        "occurred_at": "2026-01-01T08:59:58Z",
        "received_at": "2026-01-01T08:59:59Z",
        "customer_id": None,
        "ratings": [
            {
                "metric": "nps",
                "value": 3.0,
                "scale": {"min": 0.0, "max": 10.0, "direction": "ascending"},
                "aspect": None,
            }
        ],
        "title": None,
        "text": "The parcel came a week late.",
        "language": "en",
        "unit": "north",
        "touchpoint": "delivery",
        "attributes": {},
        "sentiment": {
            "label": "negative",
            "score": -0.8,
            "probabilities": {"positive": 0.05, "neutral": 0.1, "negative": 0.85},
        },
        "sentiment_reason": None,
        "model": "example",
        "stored_at": "2026-01-01T08:59:59Z",
        "analysed_at": "2026-01-01T09:00:00Z",
    },
}
EXAMPLES[CASE_CHANGED] = {
    **EXAMPLES[CASE_OPENED],
    "version": 2,
    "status": "contacting",
    "changed_at": "2026-01-01T10:00:00Z",
    "change": {
        "kind": "status",
        "from": "new",
        "to": "contacting",
        "actor": "An agent",
        "actor_id": None,
        "fields": ["status"],
    },
}
"""What `test` sends as long as nothing of that type has happened."""
