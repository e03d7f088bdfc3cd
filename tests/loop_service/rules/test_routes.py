"""Rules over HTTP: saved, versioned, refused with pointers, tried on the past."""

from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from shared.contracts.identity import IDENTITY_HEADER, verify_identity
from shared.foundation.ids import new_id
from tests.loop_service.feeding import Feeder, analysed, rating
from tests.loop_service.outside import served
from tests.support.servers import Servers
from tests.support.services import IDENTITY_SECRET, RunningService, running_service

DETRACTOR = {"field": "rating.nps", "op": "lte", "value": 6}
RULE: dict[str, Any] = {"name": "Rule 1", "condition": DETRACTOR, "actions": [{"type": "open_case"}]}


async def test_the_life_of_a_rule(loop: RunningService, organisation: UUID) -> None:
    api = loop.as_org(organisation)
    made = await api.post("/v1/rules", RULE)
    assert made.status == 201
    path = made.headers["location"]
    assert path == f"/v1/rules/{made.json()['id']}"
    assert made.json()["actions"][0]["due_in_hours"] == 48
    names = [rule["name"] for rule in (await api.get("/v1/rules")).json()["data"]]
    assert names == ["Detractor → case", "Rule 1"]
    changed = await api.put(path, {**RULE, "name": "Rule 2", "enabled": False}, headers={"if-match": '"1"'})
    assert (changed.status, changed.json()["version"], changed.headers["etag"]) == (200, 2, '"2"')
    late = await api.put(path, RULE, headers={"if-match": 'W/"1"'})
    assert (late.status, late.code) == (412, "version_mismatch")
    assert (await api.get(path)).json()["name"] == "Rule 2"
    assert (await api.delete(path)).status == 204
    assert (await api.get(path)).status == 404


async def test_pages_of_rules(loop: RunningService, organisation: UUID) -> None:
    api = loop.as_org(organisation)
    for number in range(4):
        assert (await api.post("/v1/rules", {**RULE, "name": f"Rule {number}"})).status == 201
    seen: list[str] = []
    cursor = None
    while True:
        page = (await api.get("/v1/rules", limit=2, cursor=cursor)).json()
        seen += [rule["name"] for rule in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Detractor → case", "Rule 0", "Rule 1", "Rule 2", "Rule 3"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"condition": {"all": [DETRACTOR, {"field": "nope", "op": "eq", "value": 1}]}}, "/condition/all/1/field"),
        ({"condition": {"field": "rating.nps", "op": "lte", "value": "6"}}, "/condition/value"),
        ({"condition": []}, "/condition"),
        ({"name": ""}, "/name"),
        ({"actions": []}, "/actions"),
        ({"actions": [{"type": "open_case", "title": "{name}"}]}, "/actions/0/title"),
        ({"actions": [{"type": "open_case", "due_in_hours": -1}]}, "/actions/0/due_in_hours"),
        ({"actions": [{"type": "open_case", "owner": "stranger@example.com"}]}, "/actions/0/owner"),
        ({"actions": [{"type": "send_flowers"}]}, "/actions/0/type"),
        ({"org_id": "x"}, "/org_id"),
    ],
)
async def test_refusing_with_a_pointer(
    loop: RunningService, organisation: UUID, change: dict[str, Any], pointer: str
) -> None:
    answer = await loop.as_org(organisation).post("/v1/rules", {**RULE, **change})
    assert (answer.status, answer.code) == (422, "body_invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert b"stranger@example.com" not in answer.body


async def test_another_organisation_sees_and_changes_nothing(loop: RunningService, organisation: UUID) -> None:
    made = (await loop.as_org(organisation).post("/v1/rules", RULE)).json()
    other = loop.as_org(new_id())
    path = f"/v1/rules/{made['id']}"
    for answer in (await other.get(path), await other.put(path, RULE), await other.delete(path)):
        assert answer.status == 404
    assert made["id"] not in [rule["id"] for rule in (await other.get("/v1/rules")).json()["data"]]


async def test_scopes_are_checked_here_too(loop: RunningService, organisation: UUID) -> None:
    reader = loop.as_org(organisation, "rules:read")
    assert (await reader.get("/v1/rules")).status == 200
    assert (await reader.post("/v1/rules", RULE)).code == "scope_missing"
    assert (await reader.post("/v1/rules/dry-run", {"condition": DETRACTOR})).code == "scope_missing"


class Past:
    """A stand-in for `GET /v1/feedback` of the analysis service, 250 records in pages."""

    def __init__(self, org_id: UUID) -> None:
        self.org_id = org_id
        self.records = [
            {**analysed(org_id, ratings=[rating("nps", number % 11)]).data, "id": str(new_id())}
            for number in range(250)
        ]
        self.asked: list[dict[str, str]] = []
        self.broken = False

    async def feedback(self, request: web.Request) -> web.Response:
        who = verify_identity(request.headers[IDENTITY_HEADER], IDENTITY_SECRET, audience="analysis")
        assert (who.org_id, who.kind, sorted(who.scopes)) == (self.org_id, "system", ["feedback:read"])
        if self.broken:
            return web.Response(status=500)
        self.asked.append(dict(request.query))
        start = int(request.query.get("cursor", "0"))
        page = self.records[start : start + int(request.query["limit"])]
        end = start + len(page)
        return web.json_response({"data": page, "next_cursor": str(end) if end < len(self.records) else None})


async def test_a_dry_run_over_the_past(loop_servers: Servers, organisation: UUID) -> None:
    past = Past(organisation)
    app = web.Application()
    app.router.add_get("/v1/feedback", past.feedback)
    async with (
        served(app) as port,
        running_service("loop", loop_servers, with_worker=False, analysis_url=f"tcp://127.0.0.1:{port}") as loop,
    ):
        api = loop.as_org(organisation)
        answer = await api.post("/v1/rules/dry-run", {"condition": DETRACTOR, "since": "2026-01-01T00:00:00Z"})
        assert answer.status == 200, answer.body
        result = answer.json()
        expected = sum(number % 11 <= 6 for number in range(250))
        assert (result["matched"], result["looked_at"], result["complete"]) == (expected, 250, True)
        assert len(result["examples"]) == 20
        assert result["examples"][0]["reasons"][0]["text"] == "rating.nps is 0, wanted ≤ 6"
        assert past.asked[0]["from"].startswith("2026-01-01")
        faulty = await api.post("/v1/rules/dry-run", {"condition": {"any": []}})
        assert faulty.json()["errors"][0]["pointer"] == "/condition/any"
        past.broken = True
        assert (await api.post("/v1/rules/dry-run", {"condition": DETRACTOR})).code == "upstream_unavailable"


async def test_a_dry_run_opens_nothing_and_says_when_nobody_answers(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    await feeder.settled(organisation)
    answer = await loop.as_org(organisation).post("/v1/rules/dry-run", {"condition": DETRACTOR})
    assert (answer.status, answer.code) == (503, "upstream_unavailable")
