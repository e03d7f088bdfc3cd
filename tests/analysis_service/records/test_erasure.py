"""Records of erased feedback: words and person gone, figures unmoved, and nothing late brings them back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.contracts.envelope import Event, event
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.messaging.erasure import scrub_events
from shared.messaging.work import handle
from tests.analysis_service.feeding import Feeder, rating, received
from tests.support.services import RunningService

WORDS = "The staff was rude, says the quokka."
CELLS = "SELECT metric, scale, n, favourable, unfavourable, total FROM analysis.metric_cells ORDER BY 1, 2"


async def _rows(analysis: RunningService, org_id: UUID, sql: str) -> list[dict[str, Any]]:
    async with analysis.database.batch([org_id]) as batch:
        return [dict(row) for row in await batch.conn.fetch(sql)]


async def _erase(analysis: RunningService, feeder: Feeder, org_id: UUID, *feedback_ids: UUID) -> None:
    data = {"customer_id": str(new_id()), "feedback_ids": [str(one) for one in feedback_ids]}
    told = event(org_id, "CustomerErased", data, publisher="ingest")
    async with feeder.database.batch([org_id]) as batch:
        await publish(batch, [told])
    await handle(analysis.worker.handling, "analysis.records", [(org_id, told.id)])


def _said(org_id: UUID, **more: Any) -> Event:
    fields: dict[str, Any] = {
        "text": WORDS,
        "title": WORDS,
        "customer_id": new_id(),
        "attributes": {"who": "quokka"},
        "submission_id": "quokka-1",
    }
    return received(org_id, ratings=[rating("nps", 3)], **(fields | more))


async def test_words_go_and_figures_stay(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    said, other = _said(organisation), _said(organisation, text="Another voice.", title=None)
    await feeder.send([said, other])
    cells = await _rows(analysis, organisation, CELLS)
    await _erase(analysis, feeder, organisation, said.id)
    records = {row["feedback_id"]: row for row in await _rows(analysis, organisation, "SELECT * FROM analysis.records")}
    gone = records[said.id]
    assert (gone["text"], gone["title"], gone["customer_id"], gone["submission_id"]) == (None, None, None, None)
    assert (gone["terms"], gone["attributes"], gone["content_hash"], gone["nps"]) == ([], {}, b"", 3)
    assert gone["sentiment"] is not None
    assert records[other.id]["text"] == "Another voice."
    assert await _rows(analysis, organisation, CELLS) == cells
    events = await _rows(
        analysis, organisation, f"SELECT data FROM messaging.events WHERE data ->> 'feedback_id' = '{said.id}'"
    )
    assert len(events) == 2
    assert "quokka" not in str(events)


async def test_what_arrives_late_is_stored_as_nobody_s(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    said, before = _said(organisation), new_id()
    await feeder.send([said])
    await _erase(analysis, feeder, organisation, said.id, before)
    revised = _said(organisation, feedback_id=said.id, revision=2, text=WORDS + " Very.")
    never_seen = _said(organisation, feedback_id=before)
    untouched = _said(organisation, text="Another voice.", title=None, attributes={}, submission_id=None)
    await feeder.send([revised, never_seen, untouched])
    records = await _rows(analysis, organisation, "SELECT * FROM analysis.records ORDER BY feedback_id")
    assert len(records) == 3
    for row in records:
        if row["feedback_id"] in {said.id, before}:
            assert (row["text"], row["title"], row["customer_id"]) == (None, None, None)
    assert "quokka" not in str(records)
    assert [row["text"] for row in records if row["text"]] == ["Another voice."]
    events = await _rows(analysis, organisation, "SELECT data FROM messaging.events WHERE name = 'FeedbackAnalyzed'")
    assert len(events) == 4
    assert "quokka" not in str(events)


async def test_an_erasure_handled_twice_changes_nothing(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    said = _said(organisation)
    await feeder.send([said])
    await _erase(analysis, feeder, organisation, said.id)
    once = await _rows(analysis, organisation, "SELECT * FROM analysis.records")
    await _erase(analysis, feeder, organisation, said.id)
    assert await _rows(analysis, organisation, "SELECT * FROM analysis.records") == once


async def test_what_was_erased_before_it_was_read_still_counts(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    said = _said(organisation)
    async with feeder.database.batch([organisation]) as batch:
        await publish(batch, [said])
        await scrub_events(batch, organisation, [said.id])
    await handle(analysis.worker.handling, "analysis.records", [(organisation, said.id)])
    [record] = await _rows(analysis, organisation, "SELECT * FROM analysis.records")
    assert (record["nps"], record["text"], record["customer_id"], record["sentiment_reason"]) == (
        3,
        None,
        None,
        "no_text",
    )
    assert [row["n"] for row in await _rows(analysis, organisation, CELLS) if row["metric"] == "volume"] == [1]
