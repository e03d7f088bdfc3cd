"""Erasure inside ingest: what goes, what stays, what cannot come back, and what the database itself refuses."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.envelope import event
from shared.contracts.loop_events import CaseState
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging.erasure import hold
from shared.messaging.publishing import publish
from tests.ingest_service.stored import events, feedback, rows
from tests.support.drain import drained
from tests.support.services import RunningService

CANARY = "Quokka words nobody else would use"
WHO = {"external_id": "gone-1", "email": "gone@example.org", "name": "Customer 0001", "attributes": {"plan": CANARY}}
SAID = {
    "channel": "web",
    "source": "shop",
    "submission_id": "order-1",
    "unit": "North",
    "customer": WHO,
    "ratings": [{"metric": "nps", "value": 2}],
    "text": CANARY,
    "title": CANARY,
    "attributes": {"remark": CANARY},
}


async def say(ingest: RunningService, org_id: UUID, **more: Any) -> dict[str, Any]:
    answer = await ingest.as_org(org_id).post("/v1/feedback", {**SAID, **more})
    assert answer.status in {200, 202}, answer.body
    said: dict[str, Any] = answer.json()
    return said


async def customer_of(ingest: RunningService, org_id: UUID) -> UUID:
    found: UUID = (await rows(ingest, org_id, "SELECT id FROM ingest.customers"))[0]["id"]
    return found


async def test_words_names_and_links_go_and_scores_stay(ingest: RunningService, organisation: UUID) -> None:
    await say(ingest, organisation)
    await say(ingest, organisation, text=CANARY + " again")
    await say(ingest, organisation, submission_id=None)
    other = {"customer": {"external_id": "stays"}, "text": "Another voice.", "title": None, "attributes": {}}
    await say(ingest, organisation, submission_id="order-2", **other)
    gone = (await rows(ingest, organisation, "SELECT customer_id FROM ingest.identities WHERE value = 'gone-1'"))[0]
    client = ingest.as_org(organisation)
    answer = await client.delete(f"/v1/customers/{gone['customer_id']}")
    assert answer.status == 202, answer.body
    receipt = answer.json()
    assert receipt["erased"] == {"feedback": 2, "identities": 2, "timeline": 0}
    again = await client.delete(f"/v1/customers/{gone['customer_id']}")
    assert (again.status, again.json()) == (202, receipt)
    stored = await feedback(ingest, organisation)
    assert len(stored) == 4
    for row in stored:
        if row["source"] == "shop" and row["customer_id"] is None:
            assert (row["text"], row["title"], row["attributes"], row["submission_id"]) == (None, None, {}, None)
            assert (row["unit"], row["ratings"][0]["value"]) == ("North", 2)
    assert [row["text"] for row in stored if row["customer_id"] is not None] == ["Another voice."]
    told = await events(ingest, organisation)
    assert [one["name"] for one in told].count("CustomerErased") == 1
    assert CANARY not in str([one["data"] for one in told])
    assert (await client.get(f"/v1/customers/{gone['customer_id']}")).status == 404
    assert (await client.get("/v1/customers", email="gone@example.org")).json()["data"] == []


async def test_a_replay_and_a_late_revision_bring_nothing_back(ingest: RunningService, organisation: UUID) -> None:
    first = await say(ingest, organisation)
    customer_id = await customer_of(ingest, organisation)
    await ingest.as_org(organisation).delete(f"/v1/customers/{customer_id}")
    for late in ({}, {"text": CANARY + ", revised"}, {"ratings": [{"metric": "nps", "value": 9}]}):
        again = await say(ingest, organisation, **late)
        assert (again["id"], again["status"], again["revision"]) == (first["id"], "duplicate", 1)
    assert len(await feedback(ingest, organisation)) == 1
    assert await rows(ingest, organisation, "SELECT * FROM ingest.customers") == []
    assert await rows(ingest, organisation, "SELECT * FROM ingest.identities") == []


async def test_who_comes_back_is_somebody_new(ingest: RunningService, organisation: UUID) -> None:
    await say(ingest, organisation)
    before = await customer_of(ingest, organisation)
    await ingest.as_org(organisation).delete(f"/v1/customers/{before}")
    await say(ingest, organisation, submission_id="order-9")
    assert await customer_of(ingest, organisation) != before


async def test_unknown_and_foreign_customers_look_alike(ingest: RunningService, organisation: UUID) -> None:
    await say(ingest, organisation)
    customer_id = await customer_of(ingest, organisation)
    foreign = await ingest.as_org(new_id()).delete(f"/v1/customers/{customer_id}")
    unknown = await ingest.as_org(organisation).delete(f"/v1/customers/{new_id()}")
    assert (foreign.status, unknown.status) == (404, 404)
    assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert (await ingest.as_org(organisation, "customers:read").delete(f"/v1/customers/{customer_id}")).status == 403
    assert (await feedback(ingest, organisation))[0]["text"] == CANARY


async def test_news_of_a_case_that_comes_late_makes_no_timeline(ingest: RunningService, organisation: UUID) -> None:
    await say(ingest, organisation)
    customer_id = await customer_of(ingest, organisation)
    await ingest.as_org(organisation).delete(f"/v1/customers/{customer_id}")
    state = CaseState(
        case_id=new_id(), version=1, title="NPS 2", status="new", priority="high", customer_id=customer_id,
        opened_at=now(), changed_at=now(),
    )  # fmt: skip
    async with ingest.database.batch([organisation], role="cxloop_loop") as batch:
        opened = event(organisation, "CaseOpened", state.model_dump(mode="json"), publisher="loop")
        await publish(batch, [opened])
    await ingest.worker.handling.database.ping()
    await drained(ingest.settings.database_url, organisation, queue="ingest")
    assert await rows(ingest, organisation, "SELECT * FROM ingest.timeline_entries") == []


async def test_a_submission_under_way_is_waited_for_and_erased_too(ingest: RunningService, organisation: UUID) -> None:
    await say(ingest, organisation)
    customer_id = await customer_of(ingest, organisation)
    async with ingest.database.batch([organisation]) as batch:
        await hold(batch, "ingest", [organisation])  # as a submission under way does
        erasing = asyncio.create_task(ingest.as_org(organisation).delete(f"/v1/customers/{customer_id}"))
        done, _ = await asyncio.wait([erasing], timeout=0.1)
        assert not done
        await batch.conn.execute(
            "INSERT INTO ingest.feedback (org_id, id, revision, channel, source, occurred_at, received_at, customer_id,"
            " ratings, text, attributes) VALUES ($1, $2, 1, 'web', 'web', now(), now(), $3, '[]', $4, '{}')",
            organisation, new_id(), customer_id, CANARY,
        )  # fmt: skip
    assert (await erasing).json()["erased"]["feedback"] == 2
    assert CANARY not in str(await feedback(ingest, organisation))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ingest.feedback SET text = 'forged'",
        "UPDATE ingest.feedback SET text = NULL",  # the customer and the rest would stay
        'UPDATE messaging.events SET data = data || \'{"text": "forged"}\'',
        "UPDATE messaging.events SET data = data || '{\"erased\": true}'",
        "UPDATE messaging.events SET name = 'Other'",
        "DELETE FROM messaging.events",
    ],
)
async def test_the_database_lets_words_be_taken_and_never_be_written(
    ingest: RunningService, organisation: UUID, statement: str
) -> None:
    await say(ingest, organisation)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rows(ingest, organisation, statement)
