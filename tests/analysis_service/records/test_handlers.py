"""Handling FeedbackReceived: stored once, counted once, told once, in any order and however often."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from analysis_service.records import handlers
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.messaging.jobs import connect
from shared.messaging.live import channel
from shared.messaging.work import handle
from tests.analysis_service.feeding import NOON, Feeder, rating, received
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import RunningService


async def _rows(analysis: RunningService, org_id: UUID, sql: str) -> list[Any]:
    async with analysis.database.batch([org_id]) as batch:
        rows: list[Any] = await batch.conn.fetch(sql, org_id)
        return rows


async def _cells(analysis: RunningService, org_id: UUID) -> dict[str, tuple[int, ...]]:
    rows = await _rows(
        analysis,
        org_id,
        "SELECT metric || scale || aspect AS name, sum(n)::int, sum(favourable)::int, sum(neutral)::int, "
        "sum(unfavourable)::int, sum(total)::int FROM analysis.metric_cells WHERE org_id = $1 "
        "GROUP BY 1 HAVING sum(n) <> 0",
    )
    return {row[0]: tuple(row)[1:] for row in rows}


async def test_a_record_is_stored_counted_and_told(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    customer = new_id()
    sent = received(
        organisation,
        customer_id=customer,
        text="The staff was good and quick.",
        unit="Lisbon",
        ratings=[rating("nps", 9), rating("csat", 4, 1, 5), rating("rating", 3, 1, 5, aspect="cleanliness")],
        attributes={"plan": "gold"},
    )
    await feeder.send([sent])
    (row,) = await _rows(analysis, organisation, "SELECT * FROM analysis.records WHERE org_id = $1")
    assert (row["feedback_id"], row["customer_id"], row["nps"], row["csat"]) == (sent.id, customer, 9, 4)
    assert row["csat_scale"] == "1-5"
    assert row["aspects"] == [{"metric": "rating", "scale": "1-5", "aspect": "cleanliness", "value": 3}]
    assert await _cells(analysis, organisation) == {
        "volume": (1, 0, 0, 0, 0),
        "nps0-10": (1, 1, 0, 0, 9000),
        "csat1-5": (1, 1, 0, 0, 4000),
        "rating1-5cleanliness": (1, 0, 0, 0, 3000),
        "sentiment": (1, 1, 0, 0, round(row["sentiment_score"] * 1000)),
    }
    (told,) = await _rows(
        analysis, organisation, "SELECT data FROM messaging.events WHERE org_id = $1 AND name = 'FeedbackAnalyzed'"
    )
    analysed = FeedbackAnalyzed.model_validate(told["data"])
    assert (analysed.feedback_id, analysed.text) == (sent.id, "The staff was good and quick.")
    assert analysed.sentiment is not None
    assert analysed.sentiment.label == "positive"
    assert sum(analysed.sentiment.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert analysed.language == "en"
    assert analysed.stored_at == NOON


async def test_handled_again_it_changes_nothing(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    sent = [received(organisation, ratings=[rating("nps", value)]) for value in range(11)]
    await feeder.send(sent)
    before = await _cells(analysis, organisation)
    await asyncio.gather(*(feeder.wake(sent) for _ in range(5)))
    assert await _cells(analysis, organisation) == before
    told = await _rows(
        analysis, organisation, "SELECT id FROM messaging.events WHERE org_id = $1 AND name = 'FeedbackAnalyzed'"
    )
    assert len(told) == 11


async def test_a_newer_revision_takes_back_what_the_old_one_counted(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    first = received(organisation, text="bad", ratings=[rating("nps", 2)], unit="Lisbon")
    second = received(
        organisation,
        feedback_id=first.id,
        revision=2,
        ratings=[rating("nps", 10)],
        unit="Porto",
        occurred_at=NOON + timedelta(hours=5),
    )
    await feeder.send([first])
    await feeder.send([second])
    assert await _cells(analysis, organisation) == {"volume": (1, 0, 0, 0, 0), "nps0-10": (1, 1, 0, 0, 10_000)}
    rows = await _rows(
        analysis,
        organisation,
        "SELECT f.unit, c.hour FROM analysis.metric_cells c JOIN analysis.facets f USING (org_id, facet) "
        "WHERE c.org_id = $1 AND metric = 'nps' AND n <> 0",
    )
    assert [tuple(row) for row in rows] == [("Porto", NOON + timedelta(hours=5))]


async def test_an_older_revision_that_comes_late_changes_nothing(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    first = received(organisation, ratings=[rating("nps", 2)])
    second = received(organisation, feedback_id=first.id, revision=2, ratings=[rating("nps", 10)])
    await feeder.send([second])
    await feeder.send([first])
    assert await _cells(analysis, organisation) == {"volume": (1, 0, 0, 0, 0), "nps0-10": (1, 1, 0, 0, 10_000)}


async def test_revisions_in_one_batch_count_once(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    first = received(organisation, ratings=[rating("nps", 2)])
    later = [
        received(organisation, feedback_id=first.id, revision=number, ratings=[rating("nps", number)])
        for number in (4, 2, 3)
    ]
    await feeder.send([first, *later])
    assert await _cells(analysis, organisation) == {"volume": (1, 0, 0, 0, 0), "nps0-10": (1, 0, 0, 1, 4000)}


async def test_revisions_handled_at_the_same_time_count_once(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    ids = [new_id() for _ in range(20)]
    revisions = [
        [received(organisation, feedback_id=one, revision=number, ratings=[rating("nps", number)]) for one in ids]
        for number in range(1, 6)
    ]
    await asyncio.gather(*(feeder.send(events) for events in revisions))
    cells = await _cells(analysis, organisation)
    assert cells == {"volume": (20, 0, 0, 0, 0), "nps0-10": (20, 0, 0, 20, 100_000)}


async def test_feedback_of_two_organisations_in_one_batch_stays_apart(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    other = new_id()
    await feeder.send([received(organisation, ratings=[rating("nps", 9)]), received(other, ratings=[rating("nps", 0)])])
    assert (await _cells(analysis, organisation))["nps0-10"] == (1, 1, 0, 0, 9000)
    assert (await _cells(analysis, other))["nps0-10"] == (1, 0, 0, 1, 0)


async def test_a_malformed_event_is_dead_and_its_neighbours_go_through(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    bad = received(organisation)
    bad.data["revision"] = "second"
    await feeder.send([received(organisation), bad, received(organisation)])
    assert (await _cells(analysis, organisation))["volume"] == (2, 0, 0, 0, 0)
    dead = await _rows(
        analysis,
        organisation,
        "SELECT last_error FROM messaging.deliveries WHERE org_id = $1 AND state = 'dead'",
    )
    assert len(dead) == 1
    assert "revision" in dead[0]["last_error"]
    assert "second" not in dead[0]["last_error"]


async def test_many_workers_with_the_same_work_neither_lose_nor_double_nor_deadlock(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    """Eight overlapping batches of five revisions each, in random order, all at once, twice."""
    rng = random.Random(11)
    other = new_id()
    ids = [(rng.choice([organisation, other]), new_id()) for _ in range(60)]
    events = [
        received(org_id, feedback_id=one, revision=number, unit=f"unit {number}", ratings=[rating("nps", number)])
        for org_id, one in ids
        for number in range(1, 6)
    ]
    async with feeder.database.batch(sorted({organisation, other})) as batch:
        await publish(batch, events)
    waves = [rng.sample(events, len(events)) for _ in range(8)]
    await asyncio.gather(*(feeder.wake(wave) for wave in waves))
    await feeder.wake(events)  # what a rival held was skipped, as the sweeper would send it again
    for org_id in (organisation, other):
        count = sum(1 for owner, _ in ids if owner == org_id)
        assert await _cells(analysis, org_id) == {
            "volume": (count, 0, 0, 0, 0),
            "nps0-10": (count, 0, 0, count, 5000 * count),
        }


async def test_the_dashboard_hears_of_it(
    analysis: RunningService, feeder: Feeder, organisation: UUID, servers: Servers
) -> None:
    redis = await connect(servers.redis_url)
    async with redis.pubsub() as listening:
        await listening.subscribe(channel(organisation))
        await feeder.send([received(organisation)])

        async def heard() -> bool:
            message = await listening.get_message(ignore_subscribe_messages=True, timeout=0.05)
            return message is not None and message["data"] in (b"records", "records")

        await until(heard, what="the hint")
    await redis.aclose()


async def test_a_failed_commit_leaves_nothing(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    """The claim, the records and the cells stand or fall together."""
    sent = [received(organisation, ratings=[rating("nps", 9)])]
    handling = analysis.worker.handling
    async with feeder.database.batch([organisation]) as batch:
        await publish(batch, sent)

    async def store_and_fail() -> None:
        async with handling.database.batch([organisation]) as batch:
            await handlers.store(batch, handlers.understand(sent))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store_and_fail()
    assert await _cells(analysis, organisation) == {}
    await handle(handling, "analysis.records", [(organisation, sent[0].id)])
    assert (await _cells(analysis, organisation))["nps0-10"][0] == 1
