"""A trace tells every stage with its time and reason, also of feedback that is still on its way."""

from typing import Any
from uuid import UUID

from shared.contracts.envelope import event
from shared.database import Database
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging import publish
from tests.loop_service.feeding import Feeder, analysed, rating
from tests.loop_service.outside import Receiver
from tests.support.api import Api
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import RunningService


async def trace(api: Api, feedback_id: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/feedback/{feedback_id}/trace")
    assert answer.status == 200, answer.body
    got: dict[str, Any] = answer.json()
    return got


def states(got: dict[str, Any]) -> list[tuple[str, str]]:
    return [(stage["name"], stage["state"]) for stage in got["stages"]]


async def test_the_whole_way_of_a_detractor(
    loop: RunningService, feeder: Feeder, receiver: Receiver, organisation: UUID
) -> None:
    api = loop.as_org(organisation)
    await feeder.member(organisation, f"{organisation.hex}@example.com")
    await api.post("/v1/webhook-endpoints", {"url": receiver.url(organisation.hex)})
    sent = analysed(organisation)
    await feeder.send(sent)

    async def complete() -> dict[str, Any] | None:
        got = await trace(api, sent.data["feedback_id"])
        done = got["complete"] and got["stages"][-1]["state"] == "done" and len(got["stages"][-1]["details"]) == 2
        return got if done else None

    got = await until(complete, timeout=15, what="a complete trace")
    assert got is not None
    names = ("received", "stored", "analysed", "rules", "case", "delivered")
    assert states(got) == [(name, "done") for name in names]
    assert all(stage["at"] and (stage["duration_ms"] or 0) >= 0 for stage in got["stages"])
    rules, case, notified = got["stages"][3:]
    assert rules["reason"] == "1 of 1 rules matched"
    assert rules["details"][0]["reasons"][0] == {
        "pointer": "/any/0",
        "matched": True,
        "text": "rating.nps is 3, wanted ≤ 6",
    }
    assert case["details"][0]["title"] == "NPS 3 · email · north"
    assert {(one["kind"], one["state"]) for one in notified["details"]} == {("webhook", "delivered"), ("mail", "sent")}
    assert "parcel" not in str(got)


async def test_why_nothing_happened(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    sent = analysed(organisation, ratings=[rating("nps", 9)], sentiment=None, sentiment_reason="no_text", text=None)
    await feeder.send(sent)
    got = await trace(loop.as_org(organisation), sent.data["feedback_id"])
    assert states(got)[-3:] == [("rules", "done"), ("case", "skipped"), ("delivered", "skipped")]
    assert got["complete"] is True
    assert got["stages"][2]["reason"] == "no sentiment: no_text"
    assert "rating.nps is 9, wanted ≤ 6" in str(got["stages"][3]["details"])


async def test_on_its_way(loop: RunningService, loop_servers: Servers, feeder: Feeder, organisation: UUID) -> None:
    api, feedback_id = loop.as_org(organisation), new_id()
    ingest = await Database.connect(loop_servers.database_url, role="cxloop_ingest", pool_size=2)
    received = event(
        organisation, "FeedbackReceived", {"feedback_id": str(feedback_id)}, publisher="ingest", id=feedback_id
    )
    async with ingest.batch([organisation]) as batch:
        await publish(batch, [received])
    await ingest.close()
    got = await trace(api, str(feedback_id))
    assert states(got)[1:4] == [("stored", "done"), ("analysed", "pending"), ("rules", "waiting")]
    assert got["complete"] is False
    async with feeder.analysis.batch([organisation]) as batch:
        await batch.conn.execute(
            "UPDATE messaging.deliveries SET attempt = 2, last_error = 'ValueError', due_at = $2 WHERE org_id = $1",
            organisation,
            now(),
        )
    stage = (await trace(api, str(feedback_id)))["stages"][2]
    assert (stage["attempt"], stage["reason"]) == (2, "failed and will be tried again: ValueError")
    assert stage["next_at"] is not None
    async with feeder.analysis.batch([organisation]) as batch:
        await batch.conn.execute("UPDATE messaging.deliveries SET state = 'dead' WHERE org_id = $1", organisation)
    stage = (await trace(api, str(feedback_id)))["stages"][2]
    assert stage["state"] == "failed"
    assert "can be replayed" in stage["reason"]
    async with feeder.analysis.batch([organisation]) as batch:
        await batch.conn.execute("UPDATE messaging.deliveries SET state = 'done' WHERE org_id = $1", organisation)
    told = analysed(organisation, feedback_id=feedback_id, ratings=[])
    await feeder.publish([told])
    seen = states(await trace(api, str(feedback_id)))
    assert seen[2] == ("analysed", "done")


async def test_strangers_and_unknown_ids(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    sent = analysed(organisation)
    await feeder.send(sent)
    for api, feedback_id in ((loop.as_org(new_id()), sent.data["feedback_id"]), (loop.as_org(organisation), new_id())):
        answer = await api.get(f"/v1/feedback/{feedback_id}/trace")
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await loop.as_org(organisation).get("/v1/feedback/nonsense/trace")).status == 422
