"""Cases over HTTP: found, worked on, told about; nothing of another organisation is reachable."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.foundation import clock
from shared.foundation.ids import new_id
from shared.web.pagination import encode_cursor
from tests.loop_service.feeding import Feeder, analysed, rating
from tests.support.api import Api
from tests.support.services import RunningService, identity


@pytest.fixture
async def api(loop: RunningService, organisation: UUID) -> Api:
    return loop.as_org(organisation)


@pytest.fixture
async def case(loop: RunningService, feeder: Feeder, organisation: UUID, api: Api) -> dict[str, Any]:
    """One open case, owned by a manager."""
    await feeder.member(organisation, "manager@example.com")
    await feeder.send(analysed(organisation, customer_id=new_id()))
    (found,) = (await api.get("/v1/cases")).json()["data"]
    got: dict[str, Any] = (await api.get(f"/v1/cases/{found['id']}")).json()
    return got


async def told(loop: RunningService, org_id: UUID, name: str = "CaseChanged") -> list[dict[str, Any]]:
    """The data of events of the organisation, oldest first."""
    async with loop.database.batch([org_id]) as batch:
        rows = await batch.conn.fetch(
            "SELECT data FROM messaging.events WHERE org_id = $1 AND name = $2 ORDER BY id", org_id, name
        )
    return [row["data"] for row in rows]


async def test_the_way_of_a_case(loop: RunningService, organisation: UUID, api: Api, case: dict[str, Any]) -> None:
    path = f"/v1/cases/{case['id']}"
    assert [entry["kind"] for entry in case["history"]] == ["opened"]
    assert case["history"][0]["actor"]["name"] == "Detractor → case"
    moved = await api.post(f"{path}/transitions", {"to": "contacting", "note": "Left a message"})
    assert (moved.status, moved.json()["status"], moved.json()["version"]) == (200, "contacting", 2)
    solved = await api.post(
        f"{path}/transitions",
        {"to": "resolved", "customer_informed_at": clock.now().isoformat(), "customer_informed_channel": "phone"},
    )
    assert solved.json()["customer_informed_channel"] == "phone"
    assert solved.json()["next"] == ["verified", "reopened", "closed"]
    closed = await api.post(f"{path}/transitions", {"to": "closed", "outcome": "recovered"})
    assert (closed.json()["outcome"], closed.json()["closed_at"] is not None) == ("recovered", True)
    note = await api.post(f"{path}/notes", {"note": "A happy end"})
    assert (note.status, note.json()["note"]) == (201, "A happy end")
    history = (await api.get(path)).json()["history"]
    assert [entry["to_status"] for entry in history] == ["new", "contacting", "resolved", "closed", None]
    assert history[1]["actor"]["name"] == "test"
    events = await told(loop, organisation)
    assert [event["status"] for event in events] == ["contacting", "resolved", "closed", "closed"]
    assert events[0]["change"] | {"actor_id": None} == {
        "kind": "status",
        "from": "new",
        "to": "contacting",
        "actor": "test",
        "actor_id": None,
        "fields": ["status"],
    }
    assert (await told(loop, organisation, "CaseOpened"))[0]["owner_email"] == "manager@example.com"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"to": "verified"}, "/to"),
        ({"to": "closed"}, "/outcome"),
        ({"to": "triaged", "outcome": "recovered"}, "/outcome"),
        ({"to": "resolved", "customer_informed_channel": "phone"}, "/customer_informed_channel"),
    ],
)
async def test_a_step_that_is_not_allowed(api: Api, case: dict[str, Any], body: dict[str, Any], pointer: str) -> None:
    answer = await api.post(f"/v1/cases/{case['id']}/transitions", body)
    assert (answer.status, answer.code) == (409, "transition_refused")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await api.get(f"/v1/cases/{case['id']}")).json()["version"] == 1


@pytest.mark.parametrize(
    "body", [{"to": "flying"}, {"to": "closed", "outcome": "magic"}, {}, {"to": "triaged", "x": 1}]
)
async def test_a_step_that_is_malformed(api: Api, case: dict[str, Any], body: dict[str, Any]) -> None:
    assert (await api.post(f"/v1/cases/{case['id']}/transitions", body)).code == "body_invalid"


async def test_changing_owner_priority_and_due_time(
    loop: RunningService, feeder: Feeder, organisation: UUID, api: Api, case: dict[str, Any]
) -> None:
    path = f"/v1/cases/{case['id']}"
    agent = await feeder.member(organisation, "agent@example.com", role="agent")
    changed = await api.patch(path, {"owner": "agent@example.com", "priority": "urgent", "due_at": None})
    assert changed.status == 200, changed.body
    got = changed.json()
    assert (got["owner"]["id"], got["priority"], got["due_at"], got["version"]) == (str(agent), "urgent", None, 2)
    assert set(got["history"][-1]["changes"]) == {"owner_id", "priority", "due_at"}
    same = await api.patch(path, {"priority": "urgent"})
    assert same.json()["version"] == 2
    assert (await api.patch(path, {"owner": None})).json()["owner"] is None
    assert (await api.patch(path, {"owner": "nobody@example.com"})).json()["errors"][0]["pointer"] == "/owner"
    assert (await api.patch(path, {})).code == "body_invalid"
    assert (await api.patch(path, {"priority": None})).code == "body_invalid"
    assert (await api.patch(path, {"due_at": "2026-01-01T00:00:00"})).code == "body_invalid"
    assert len(await told(loop, organisation)) == 2


async def test_two_people_at_once(api: Api, case: dict[str, Any]) -> None:
    path = f"/v1/cases/{case['id']}"
    tag = (await api.get(path)).headers["etag"]
    assert (await api.patch(path, {"priority": "low"}, headers={"if-match": tag})).status == 200
    late = await api.post(f"{path}/transitions", {"to": "triaged"}, headers={"if-match": tag})
    assert (late.status, late.code, late.headers["etag"]) == (412, "version_mismatch", '"2"')


async def paged(api: Api, **query: Any) -> list[str]:
    """The ids of all pages; the total is the same on each."""
    found: list[str] = []
    totals = set()
    cursor = None
    while True:
        page = (await api.get("/v1/cases", limit=2, cursor=cursor, **query)).json()
        found += [case["id"] for case in page["data"]]
        totals.add(page["total"])
        cursor = page["next_cursor"]
        if cursor is None:
            assert totals == {len(found)}
            return found


async def test_filters_and_pages(loop: RunningService, feeder: Feeder, organisation: UUID, api: Api) -> None:
    manager = await feeder.member(organisation, "manager@example.com")
    await feeder.send(*(analysed(organisation, unit=f"unit {number % 2}") for number in range(5)))

    async def ids(**filters: Any) -> list[str]:
        answer = await api.get("/v1/cases", **filters)
        assert answer.status == 200, answer.body
        found = answer.json()
        assert found["total"] == len(found["data"])
        return [case["id"] for case in found["data"]]

    everything = await ids()
    assert len(everything) == 5
    assert len(await ids(unit="unit 1")) == 2
    assert len(await ids(owner="manager@example.com")) == len(await ids(owner=manager)) == 5
    assert await ids(owner="none") == await ids(owner="nobody@example.com") == await ids(owner="me") == []
    await api.post(f"/v1/cases/{everything[0]}/transitions", {"to": "closed", "outcome": "duplicate"})
    assert await ids(status="closed,resolved") == [everything[0]]
    assert len(await ids(open="true")) == 4
    assert await ids(overdue="true") == []
    past = (clock.now() - timedelta(minutes=1)).isoformat()
    for late in everything[:2]:
        assert (await api.patch(f"/v1/cases/{late}", {"due_at": past})).status == 200
    assert await ids(overdue="true") == everything[1:2]
    assert await ids(overdue="false") == [everything[0], *everything[2:]]
    assert await paged(api) == everything
    for bad in ({"status": "flying"}, {"cursor": "x"}, {"limit": 0}, {"limit": 101}, {"colour": "red"}):
        assert (await api.get("/v1/cases", **bad)).status == 422


async def test_what_matters_most_comes_first(feeder: Feeder, organisation: UUID, api: Api) -> None:
    for value in (6, 0, 6, 0, 3):
        await feeder.send(analysed(organisation, ratings=[rating("nps", value)]))
    mild, worst, mild_later, worst_later, middling = reversed(await paged(api))
    assert await paged(api, sort="opened") == [middling, worst_later, mild_later, worst, mild]
    assert await paged(api, sort="priority") == [worst, worst_later, middling, mild, mild_later]
    assert (await api.patch(f"/v1/cases/{mild_later}", {"priority": "urgent"})).status == 200
    assert await paged(api, sort="priority", open="true") == [mild_later, worst, worst_later, middling, mild]
    soon = (clock.now() + timedelta(minutes=1)).isoformat()
    for one, due_at in ((worst, None), (mild, None), (middling, soon)):
        assert (await api.patch(f"/v1/cases/{one}", {"due_at": due_at})).status == 200
    assert await paged(api, sort="due") == [middling, mild_later, worst_later, mild, worst]
    assert await paged(api, sort="due", open="false") == []


async def test_a_cursor_belongs_to_its_order(feeder: Feeder, organisation: UUID, api: Api) -> None:
    await feeder.send(analysed(organisation), analysed(organisation))
    cursor = (await api.get("/v1/cases", limit=1, sort="due")).json()["next_cursor"]
    for sort in ("opened", "priority"):
        answer = await api.get("/v1/cases", limit=1, sort=sort, cursor=cursor)
        assert (answer.status, answer.code) == (422, "cursor_invalid")
    assert (await api.get("/v1/cases", sort="title")).status == 422


@pytest.mark.parametrize("values", [["due"], [], [7, 8], ["-opened", 1, 2], ["-occurred_at", None, "x"], [None, None]])
@pytest.mark.parametrize("path", ["cases", "rules", "mail", "webhook-endpoints", "webhook-deliveries"])
async def test_a_cursor_of_another_list_is_refused(api: Api, path: str, values: list[object]) -> None:
    answer = await api.get(f"/v1/{path}", cursor=encode_cursor(values))
    assert (answer.status, answer.code) == (422, "cursor_invalid")


async def test_a_nul_in_a_parameter_is_refused(api: Api) -> None:
    assert (await api.get("/v1/cases", owner="a\x00b")).code == "parameter_invalid"


async def test_my_cases(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    who = identity(organisation, kind="member")
    await feeder.member(organisation, "me@example.com", member_id=who.actor_id)
    await feeder.send(analysed(organisation))
    assert len((await loop.as_identity(who).get("/v1/cases", owner="me")).json()["data"]) == 1


async def test_another_organisation_reaches_nothing(loop: RunningService, case: dict[str, Any]) -> None:
    other, path = loop.as_org(new_id()), f"/v1/cases/{case['id']}"
    unknown = f"/v1/cases/{new_id()}"
    for tried in (path, unknown):
        for answer in (
            await other.get(tried),
            await other.patch(tried, {"priority": "low"}),
            await other.post(f"{tried}/transitions", {"to": "triaged"}),
            await other.post(f"{tried}/notes", {"note": "x"}),
        ):
            assert (answer.status, answer.code) == (404, "not_found")
    assert (await other.get("/v1/cases")).json()["data"] == []


async def test_hostile_texts(api: Api, case: dict[str, Any]) -> None:
    path = f"/v1/cases/{case['id']}/notes"
    for text in (
        "<script>alert(1)</script>",
        "'; DROP TABLE loop.cases; --",
        "\u202e\u0000".replace("\x00", ""),
        "😀" * 900,
    ):
        answer = await api.post(path, {"note": text})
        assert (answer.status, answer.json()["note"]) == (201, text)
    for body in (b'{"note": "a\\u0000b"}', b'{"note": "\\ud800"}', b"[", b"", b'{"note": 1}', b"null"):
        answer = await api.request("POST", path, data=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status < 500
