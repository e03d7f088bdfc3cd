"""Customers from outside: found by identity, seen whole, never merged silently."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.envelope import event
from shared.contracts.loop_events import CaseState
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging.publishing import publish
from tests.ingest_service.stored import feedback, rows
from tests.support.drain import drained
from tests.support.services import RunningService, identity


async def say(ingest: RunningService, org_id: UUID, text: str = "Fine.", **more: Any) -> UUID:
    """Submit feedback; the id of the customer it was attributed to."""
    answer = await ingest.as_org(org_id).post("/v1/feedback", {"channel": "web", "text": text, **more})
    assert answer.status == 202, answer.body
    stored = await feedback(ingest, org_id)
    customer_id: UUID = [row["customer_id"] for row in stored if str(row["id"]) == answer.json()["id"]][-1]
    return customer_id


async def view(ingest: RunningService, org_id: UUID, customer_id: UUID, **params: Any) -> Any:
    answer = await ingest.as_org(org_id).get(f"/v1/customers/{customer_id}", **params)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_customer_is_known_by_every_identity(ingest: RunningService, organisation: UUID) -> None:
    who = {"external_id": "c-1", "email": "Known@Example.org", "phone": "+44 20 7946 0018", "name": "Customer 0001"}
    customer_id = await say(ingest, organisation, customer={**who, "attributes": {"plan": "pro"}})
    assert await say(ingest, organisation, customer={"email": "known@example.org"}) == customer_id
    client = ingest.as_org(organisation)
    for name, value in (
        ("external_id", "c-1"),
        ("email", "KNOWN@example.org"),
        ("phone", "+442079460018"),
    ):
        [found] = (await client.get("/v1/customers", **{name: value})).json()["data"]
        assert found["id"] == str(customer_id)
        assert found["name"] == "Customer 0001"
        assert found["attributes"] == {"plan": "pro"}
        assert {(one["kind"], one["value"]) for one in found["identities"]} == {
            ("external_id", "c-1"),
            ("email", "known@example.org"),
            ("phone", "+442079460018"),
        }
    assert (await client.get("/v1/customers", external_id="nobody")).json() == {"data": [], "next_cursor": None}


@pytest.mark.parametrize(
    "params",
    [{}, {"external_id": "a", "email": "a@example.org"}, {"email": "none"}, {"phone": "123"}, {"name": "x"}],
)
async def test_one_readable_identity_is_asked_for(
    ingest: RunningService, organisation: UUID, params: dict[str, str]
) -> None:
    answer = await ingest.as_org(organisation).get("/v1/customers", **params)
    assert answer.status == 422
    assert answer.code in {"parameter_invalid", "parameter_unknown"}


async def test_two_who_exist_are_never_merged(ingest: RunningService, organisation: UUID) -> None:
    first = await say(ingest, organisation, customer={"external_id": "1"})
    second = await say(ingest, organisation, customer={"email": "b@example.org"})
    assert await say(ingest, organisation, customer={"external_id": "1", "email": "b@example.org"}) == first
    [told] = (await view(ingest, organisation, first))["contradictions"]
    assert (told["kind"], told["other_customer_id"]) == ("email", str(second))
    shared_mailbox = await say(ingest, organisation, customer={"external_id": "2", "email": "c@example.org"})
    other = await say(ingest, organisation, customer={"external_id": "3", "email": "c@example.org"})
    assert other != shared_mailbox


async def test_news_of_a_customer_counts_by_when_it_was_said(ingest: RunningService, organisation: UUID) -> None:
    who: dict[str, Any] = {"external_id": "c"}
    customer_id = await say(
        ingest,
        organisation,
        customer={**who, "attributes": {"plan": "pro"}},
        occurred_at="2026-03-02T00:00:00Z",
    )
    await say(
        ingest,
        organisation,
        customer={**who, "name": "Customer 0002", "attributes": {"plan": "free", "city": "north"}},
        occurred_at="2026-03-01T00:00:00Z",
    )
    seen = await view(ingest, organisation, customer_id)
    assert (seen["name"], seen["attributes"]) == ("Customer 0002", {"plan": "pro", "city": "north"})


async def test_a_browser_changes_nothing_of_a_customer(ingest: RunningService, organisation: UUID) -> None:
    customer_id = await say(ingest, organisation, customer={"external_id": "c", "attributes": {"plan": "pro"}})
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    claim = {"external_id": "c", "email": "thief@example.org", "name": "X", "attributes": {"plan": "free"}}
    answer = await browser.post("/v1/responses", {"text": "Hm.", "customer": claim})
    assert answer.status == 202
    seen = await view(ingest, organisation, customer_id)
    assert [one["kind"] for one in seen["identities"]] == ["external_id"]
    assert (seen["name"], seen["attributes"]) == (None, {"plan": "pro"})
    assert len(seen["timeline"]["data"]) == 2


async def test_many_at_once_about_one_stranger_make_one_customer(ingest: RunningService, organisation: UUID) -> None:
    """Two processes' worth of transactions meet on the same identities, in every order."""
    who = [
        {"external_id": "s"},
        {"external_id": "s", "email": "s@example.org"},
        {"email": "s@example.org", "external_id": "s", "phone": "+442079460018"},
    ]
    client = ingest.as_org(organisation)
    bodies = [{"channel": "web", "text": "x", "customer": who[turn % 3]} for turn in range(60)]
    answers = await asyncio.gather(*(client.post("/v1/feedback", body) for body in bodies))
    assert {answer.status for answer in answers} == {202}
    assert len({row["customer_id"] for row in await feedback(ingest, organisation)}) == 1
    assert len(await rows(ingest, organisation, "SELECT id FROM ingest.customers")) == 1


async def test_the_timeline_goes_back_page_by_page(ingest: RunningService, organisation: UUID) -> None:
    customer_id = UUID(int=0)
    for day in range(1, 8):
        customer_id = await say(
            ingest,
            organisation,
            text=f"Day {day}",
            submission_id=f"d-{day}",
            customer={"external_id": "c"},
            occurred_at=f"2026-03-0{day}T00:00:00Z",
        )
    corrected = {"submission_id": "d-3", "customer": {"external_id": "c"}, "occurred_at": "2026-03-03T00:00:00Z"}
    await say(ingest, organisation, text="Day 3, corrected", **corrected)
    texts: list[str] = []
    cursor: str | None = None
    while True:
        page = (await view(ingest, organisation, customer_id, limit=3, cursor=cursor))["timeline"]
        texts += [entry["data"]["text"] for entry in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert texts == ["Day 7", "Day 6", "Day 5", "Day 4", "Day 3, corrected", "Day 2", "Day 1"]


async def test_cases_stand_in_the_timeline(ingest: RunningService, organisation: UUID, servers: Any) -> None:
    customer_id = await say(ingest, organisation, customer={"external_id": "c"})
    at = now()
    case = CaseState(
        case_id=new_id(),
        version=1,
        title="Detractor",
        status="open",
        priority="high",
        owner_email="owner@example.org",
        customer_id=customer_id,
        opened_at=at,
        changed_at=at,
    )
    nobody = case.model_copy(update={"customer_id": None})
    told = [("CaseOpened", case), ("CaseChanged", case.model_copy(update={"status": "done"})), ("CaseOpened", nobody)]
    async with ingest.database.batch([organisation]) as batch:
        await publish(
            batch,
            [event(organisation, name, one.model_dump(mode="json"), publisher="ingest") for name, one in told],
        )
    await drained(servers.database_url, organisation, queue="ingest")
    entries = (await view(ingest, organisation, customer_id))["timeline"]["data"]
    assert sorted(entry["kind"] for entry in entries) == ["case_changed", "case_opened", "feedback"]
    assert {entry["data"]["status"] for entry in entries if entry["kind"] != "feedback"} == {"open", "done"}
    assert "owner@example.org" not in repr(entries)


async def test_a_customer_of_another_organisation_is_not_there(ingest: RunningService, organisation: UUID) -> None:
    customer_id = await say(ingest, organisation, customer={"external_id": "c"})
    other = ingest.as_org(UUID(int=organisation.int ^ 1))
    answer = await other.get(f"/v1/customers/{customer_id}")
    assert (answer.status, answer.code) == (404, "not_found")
    random = await other.get(f"/v1/customers/{new_id()}")
    assert random.json()["detail"] == answer.json()["detail"]
    assert (await other.get("/v1/customers", external_id="c")).json()["data"] == []
    keyless = await ingest.as_org(organisation, "feedback:read").get(f"/v1/customers/{customer_id}")
    assert keyless.code == "scope_missing"


@pytest.mark.parametrize("cursor", ["x", "AAAA", ""])
async def test_a_cursor_that_is_none_is_refused(ingest: RunningService, organisation: UUID, cursor: str) -> None:
    customer_id = await say(ingest, organisation, customer={"external_id": "c"})
    answer = await ingest.as_org(organisation).get(f"/v1/customers/{customer_id}", cursor=cursor)
    assert (answer.status, answer.code) == (422, "cursor_invalid")
