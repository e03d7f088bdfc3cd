"""Payloads have the shape of Standard Webhooks, stay below 20 kB, and hold no colleague's address."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.webhooks.payloads import EVENT_TYPES, EXAMPLES, MAX_BYTES, payload

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_the_shape(kind: str) -> None:
    told = orjson.loads(payload(kind, AT, {**EXAMPLES[kind], "owner_email": "agent@example.com"}))
    assert set(told) == {"type", "timestamp", "data"}
    assert (told["type"], told["timestamp"]) == (kind, "2026-03-01T12:00:00Z")
    assert "owner_email" not in told["data"]
    assert "truncated" not in told["data"]


@given(
    st.integers(0, 60_000),
    st.dictionaries(st.text(max_size=20), st.text(max_size=3000), max_size=20),
    st.text(max_size=200),
)
def test_always_below_twenty_kilobytes(length: int, attributes: dict[str, str], title: str) -> None:
    data: dict[str, Any] = {
        **EXAMPLES["feedback.analyzed"],
        "text": "€" * length,
        "attributes": attributes,
        "title": title,
    }
    told = payload("feedback.analyzed", AT, data)
    assert len(told.encode()) < MAX_BYTES
    got = orjson.loads(told)["data"]
    assert got["feedback_id"] == data["feedback_id"]
    assert ("truncated" in got) == (got != data)
