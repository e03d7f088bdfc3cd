"""Cases of erased feedback: the work stays, the person and his words go, also from what was and will be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.contracts.envelope import event
from shared.database import Database
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.messaging.work import handle
from tests.loop_service.feeding import Feeder, analysed
from tests.support.servers import Servers
from tests.support.services import RunningService

WORDS = "The staff was rude, says the quokka."


async def _rows(loop: RunningService, org_id: UUID, sql: str) -> list[dict[str, Any]]:
    async with loop.database.batch([org_id]) as batch:
        return [dict(row) for row in await batch.conn.fetch(sql)]


async def _erase(loop: RunningService, servers: Servers, org_id: UUID, *feedback_ids: str) -> None:
    told = event(
        org_id,
        "CustomerErased",
        {"customer_id": str(new_id()), "feedback_ids": list(feedback_ids)},
        publisher="ingest",
    )
    database = await Database.connect(servers.database_url, role="cxloop_ingest", pool_size=2)
    try:
        async with database.batch([org_id]) as batch:
            await publish(batch, [told])
    finally:
        await database.close()
    await handle(loop.worker.handling, "loop.cases", [(org_id, told.id)])


async def _subscribe(loop: RunningService, org_id: UUID) -> None:
    hook = {"url": "https://hooks.example.com/cx", "events": ["case.opened", "feedback.analyzed"]}
    answer = await loop.as_org(org_id).post("/v1/webhook-endpoints", hook)
    assert answer.status == 201, answer.body


async def test_a_case_outlives_its_customer(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    await _subscribe(loop, organisation)
    customer = new_id()
    said = analysed(organisation, text=WORDS, title=WORDS, customer_id=customer, attributes={"who": "quokka"})
    other = analysed(organisation, text="Another voice.", customer_id=new_id())
    await feeder.send(said, other)
    await feeder.settled(organisation)
    await _erase(loop, feeder.servers, organisation, said.data["feedback_id"])
    cases = {str(row["feedback_id"]): row for row in await _rows(loop, organisation, "SELECT * FROM loop.cases")}
    gone, kept = cases[said.data["feedback_id"]], cases[other.data["feedback_id"]]
    assert (gone["customer_id"], gone["status"], gone["title"]) == (None, "new", "NPS 3 · email · north")
    assert kept["customer_id"] is not None
    messages = await _rows(loop, organisation, "SELECT * FROM loop.webhook_messages")
    assert len(messages) == 4
    for name in ("cases", "outcomes", "webhook_messages", "webhook_attempts", "mails"):
        held = str(await _rows(loop, organisation, f"SELECT * FROM loop.{name}"))
        assert "quokka" not in held
        assert str(customer) not in held
    events = str(await _rows(loop, organisation, "SELECT data FROM messaging.events WHERE name <> 'CustomerErased'"))
    assert "quokka" not in events
    assert str(customer) not in events
    assert "Another voice." in events


async def test_what_is_judged_late_is_told_as_nobody_s(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    await _subscribe(loop, organisation)
    customer = new_id()
    said = analysed(organisation, text=WORDS, customer_id=customer, attributes={"who": "quokka"})
    await _erase(loop, feeder.servers, organisation, said.data["feedback_id"])
    other = analysed(organisation, text="Another voice.", customer_id=new_id())
    await feeder.send(said, other)
    await feeder.settled(organisation)
    cases = await _rows(loop, organisation, "SELECT * FROM loop.cases")
    assert len(cases) == 2
    assert [row["customer_id"] for row in cases].count(None) == 1
    bodies = str(await _rows(loop, organisation, "SELECT body FROM loop.webhook_messages"))
    assert bodies.count("feedback.analyzed") == 2
    assert "quokka" not in bodies
    assert str(customer) not in bodies
    told = str(await _rows(loop, organisation, "SELECT data FROM messaging.events WHERE name = 'CaseOpened'"))
    assert str(customer) not in told
