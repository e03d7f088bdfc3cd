"""One submission is one trace, from the gateway over both queues to the webhook, and no span holds what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.telemetry import tracing
from tests.loop_service.outside import MailSink, Receiver
from tests.support.drain import until
from tests.support.stack import RunningStack, Tenant


@pytest.fixture
def traces(stack: RunningStack, tmp_path: Path) -> Iterator[Path]:
    """Spans of this process go to a file for the length of the test."""
    path = tmp_path / "spans.jsonl"
    tracing.configure(stack.gateway.settings.model_copy(update={"otel_traces_file": str(path)}))
    yield path
    tracing.shutdown()
    tracing._provider = None


async def test_one_submission_is_one_trace(
    stack: RunningStack, tenant: Tenant, outside: tuple[Receiver, MailSink], traces: Path
) -> None:
    receiver, _ = outside
    box = f"trace-{tenant.org_id}"
    await tenant.api.post("/v1/webhook-endpoints", {"url": receiver.url(box), "events": ["case.opened"]})
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = await tenant.api.post(
        "/v1/feedback",
        {"channel": "api", "ratings": [{"metric": "nps", "value": 0}], "text": "Canary words of a customer."},
        headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"},
    )
    assert sent.status == 202

    def spans() -> list[dict[str, Any]]:
        lines = traces.read_text().splitlines() if traces.exists() else []
        return [span for span in map(json.loads, lines) if span["trace_id"] == trace_id]

    wanted = {"analysis.records FeedbackReceived", "loop.rules FeedbackAnalyzed", "loop.webhooks CaseOpened"}

    async def whole() -> bool:
        names = {span["name"] for span in spans()}
        return wanted <= names and any("webhook" in name for name in names - wanted)

    await until(whole, what="all spans of the submission")
    found = spans()
    ids = {span["span_id"] for span in found} | {"00f067aa0ba902b7"}
    assert [span["name"] for span in found if span["parent_id"] not in ids] == []
    assert "Canary" not in json.dumps(found)
