"""Accounts through the door: members, keys, rotation, audit; and the wall between organisations."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from gateway.accounts import queries
from gateway.accounts.audit_chain import first_break
from gateway.accounts.roles import SECRET_SCOPES
from shared.foundation import clock
from shared.foundation.ids import new_id
from tests.gateway.conftest import ORIGIN, RunningGateway
from tests.support.api import Api


@pytest.fixture
async def org_id(gateway: RunningGateway) -> UUID:
    return await gateway.organization("Acme")


@pytest.fixture
async def api(gateway: RunningGateway, org_id: UUID) -> Api:
    return gateway.with_key(await gateway.key(org_id))


async def test_organization_is_read_and_renamed(api: Api, org_id: UUID) -> None:
    assert (await api.get("/v1/organization")).json()["name"] == "Acme"
    renamed = await api.patch("/v1/organization", {"name": " Acme Ltd "})
    assert (renamed.status, renamed.json()["name"], renamed.json()["id"]) == (200, "Acme Ltd", str(org_id))


async def test_members_come_change_and_go(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    created = await api.post("/v1/members", {"email": "Ann@Example.ORG", "name": "Ann", "role": "agent"})
    assert created.status == 201
    member = created.json()
    assert (member["email"], member["active"]) == ("ann@example.org", True)
    again = await api.post("/v1/members", {"email": "ann@example.org", "name": "Ann", "role": "agent"})
    assert (again.status, again.code) == (409, "conflict")
    changed = await api.patch(f"/v1/members/{member['id']}", {"role": "manager"})
    assert changed.json()["role"] == "manager"
    assert (await api.delete(f"/v1/members/{member['id']}")).status == 204
    listed = (await api.get("/v1/members")).json()["data"]
    assert [(one["id"], one["active"]) for one in listed] == [(member["id"], False)]
    events = await _events(gateway, org_id)
    assert [(one["role"], one["active"], one["version"]) for one in events] == [
        ("agent", True, 1),
        ("manager", True, 2),
        ("manager", False, 3),
    ]
    assert events[0]["email"] == "ann@example.org"


async def _events(gateway: RunningGateway, org_id: UUID) -> list[dict[str, Any]]:
    async with gateway.app.database.batch([org_id]) as tx:
        rows = await tx.conn.fetch(
            "SELECT data FROM messaging.events WHERE org_id = $1 AND name = 'MemberChanged' ORDER BY id", org_id
        )
    return [row["data"] for row in rows]


async def test_members_are_listed_page_by_page(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    wanted = [str(await gateway.member(org_id)) for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = (await api.get("/v1/members", limit=2, cursor=cursor)).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == wanted


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "no address", "name": "A", "role": "agent"}, "/email"),
        ({"email": "a@example.org", "name": "", "role": "agent"}, "/name"),
        ({"email": "a@example.org", "name": "A\u0007", "role": "agent"}, "/name"),
        ({"email": "a@example.org", "name": "A", "role": "king"}, "/role"),
        ({"email": "a@example.org", "name": "A", "role": "agent", "org_id": str(new_id())}, "/org_id"),
        ({"name": "A", "role": "agent"}, "/email"),
    ],
)
async def test_bad_members_are_refused_with_a_pointer_and_no_echo(api: Api, body: dict[str, str], pointer: str) -> None:
    answer = await api.post("/v1/members", body)
    assert (answer.status, answer.code) == (422, "body_invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert b"no address" not in answer.body


async def test_the_last_owner_stays(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    owner = await gateway.member(org_id, "owner")
    assert (await api.delete(f"/v1/members/{owner}")).code == "conflict"
    assert (await api.patch(f"/v1/members/{owner}", {"role": "admin"})).code == "conflict"
    await gateway.member(org_id, "owner")
    assert (await api.delete(f"/v1/members/{owner}")).status == 204


async def test_two_owners_cannot_remove_each_other_at_once(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    owners = [await gateway.member(org_id, "owner") for _ in range(2)]
    answers = await asyncio.gather(*(api.delete(f"/v1/members/{owner}") for owner in owners))
    assert sorted(answer.status for answer in answers)[0] == 204
    left = (await api.get("/v1/members")).json()["data"]
    assert sum(one["active"] for one in left) == 1


async def test_an_admin_cannot_touch_or_impersonate_an_owner(gateway: RunningGateway, org_id: UUID) -> None:
    owner = await gateway.member(org_id, "owner")
    admin = await gateway.signed_in(org_id, await gateway.member(org_id, "admin"))
    for answer in (
        await admin.patch(f"/v1/members/{owner}", {"active": False}),
        await admin.delete(f"/v1/members/{owner}"),
        await admin.post("/v1/members", {"email": "x@example.org", "name": "X", "role": "owner"}),
        await admin.post("/v1/sign-in-links", {"member_id": str(owner)}),
    ):
        assert (answer.status, answer.code) == (403, "role_insufficient")
    assert (await admin.post("/v1/members", {"email": "y@example.org", "name": "Y", "role": "admin"})).status == 201


async def test_a_key_is_created_used_listed_and_never_shown_again(
    gateway: RunningGateway, api: Api, org_id: UUID
) -> None:
    created = await api.post("/v1/api-keys", {"name": "till", "scopes": ["feedback:write"], "expires_in": 3600})
    assert created.status == 201
    key = created.json()
    assert key["scopes"] == ["feedback:write"]
    till = gateway.with_key(key["key"])
    assert (await till.post("/v1/feedback", {"a": 1})).status == 200
    assert (await till.get("/v1/feedback")).code == "scope_missing"
    listed = (await api.get("/v1/api-keys")).json()
    assert listed["data"][0]["id"] == key["id"]
    assert key["key"] not in str(listed)
    assert listed["data"][0]["last4"] == key["key"][-4:]
    async with gateway.app.database.batch([org_id]) as tx:
        row = await tx.conn.fetchrow(
            "SELECT * FROM gateway.api_keys WHERE org_id = $1 AND id = $2", org_id, UUID(key["id"])
        )
    assert key["key"][29:61] not in str(dict(row))


async def test_nobody_mints_a_key_above_himself(gateway: RunningGateway, org_id: UUID) -> None:
    narrow = gateway.with_key(await gateway.key(org_id, "accounts:write", "feedback:read"))
    assert (await narrow.post("/v1/api-keys", {"name": "x", "scopes": ["rules:write"]})).code == "scope_missing"
    everything = await narrow.post("/v1/api-keys", {"name": "x"})
    assert everything.json()["scopes"] == ["accounts:write", "feedback:read"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": ["everything"]},
        {"name": "x", "scopes": ["responses:write"]},
        {"name": "x", "kind": "publishable", "scopes": ["feedback:read"]},
        {"name": "x", "kind": "secret", "allowed_origins": [ORIGIN]},
        {"name": "x", "kind": "publishable", "allowed_origins": ["*"]},
        {"name": "x", "kind": "publishable", "allowed_origins": ["https://a.example.com/path"]},
        {"name": "x", "expires_in": 0},
        {"name": "x" * 201},
    ],
)
async def test_keys_that_cannot_be(api: Api, body: dict[str, Any]) -> None:
    answer = await api.post("/v1/api-keys", body)
    assert (answer.status, answer.code) == (422, "body_invalid")


async def test_rotation_overlaps(gateway: RunningGateway, api: Api) -> None:
    old = (await api.post("/v1/api-keys", {"name": "r", "scopes": ["feedback:read"]})).json()
    fresh = (await api.post(f"/v1/api-keys/{old['id']}/rotate", {"overlap": 3600})).json()
    assert fresh["scopes"] == ["feedback:read"]
    for key in (old["key"], fresh["key"]):
        assert (await gateway.with_key(key).get("/v1/feedback")).status == 200
    assert (await api.post(f"/v1/api-keys/{old['id']}/rotate", {})).code == "conflict"
    with clock.shifted(timedelta(hours=2)):
        async with asyncio.timeout(5):
            while (answer := await gateway.with_key(old["key"]).get("/v1/feedback")).status == 200:
                await asyncio.sleep(0.1)
        assert answer.code == "key_expired"
        assert (await gateway.with_key(fresh["key"]).get("/v1/feedback")).status == 200


async def test_what_is_done_stands_in_an_unbroken_audit_trail(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    created = (await api.post("/v1/api-keys", {"name": "x"})).json()
    await api.delete(f"/v1/api-keys/{created['id']}")
    await asyncio.gather(*(gateway.member(org_id, "agent") for _ in range(5)))
    lines = (await api.get("/v1/audit-log", limit=100)).json()["data"]
    assert [line["seq"] for line in lines] == list(range(len(lines), 0, -1))
    revoked = next(line for line in lines if line["action"] == "api_key.revoke")
    assert revoked["subject"] == {"type": "api_key", "id": created["id"]}
    assert revoked["actor"]["kind"] == "secret_key"
    assert "@" not in str(lines)
    async with gateway.app.database.transaction(org_id) as tx:
        assert first_break(await queries.audit_chain(tx, org_id)) is None


@pytest.mark.parametrize("statement", ["UPDATE gateway.audit_log SET action = 'x'", "DELETE FROM gateway.audit_log"])
async def test_the_audit_trail_cannot_be_changed(gateway: RunningGateway, org_id: UUID, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with gateway.app.database.batch([org_id]) as tx:
            await tx.conn.execute(statement)


async def test_another_organisation_s_things_are_not_there(gateway: RunningGateway, api: Api) -> None:
    other = await gateway.organization()
    member = await gateway.member(other)
    other_api = gateway.with_key(await gateway.key(other))
    key = (await other_api.post("/v1/api-keys", {"name": "x"})).json()
    for answer in (
        await api.patch(f"/v1/members/{member}", {"name": "taken over"}),
        await api.delete(f"/v1/members/{member}"),
        await api.post("/v1/sign-in-links", {"member_id": str(member)}),
        await api.delete(f"/v1/api-keys/{key['id']}"),
        await api.post(f"/v1/api-keys/{key['id']}/rotate", {}),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    for path in ("/v1/members", "/v1/api-keys", "/v1/audit-log"):
        assert str(other) not in str((await api.get(path)).json())
    assert (await other_api.get("/v1/members")).json()["data"][0]["name"] == "Member"


async def test_cursors_of_another_kind_are_refused(api: Api) -> None:
    assert (await api.get("/v1/members", cursor="nonsense")).code == "cursor_invalid"
    assert (await api.get("/v1/members", limit=101)).code == "parameter_invalid"
    assert (await api.get("/v1/members", page=2)).code == "parameter_unknown"


async def test_last_use_of_a_key_is_written(gateway: RunningGateway, api: Api) -> None:
    key = (await api.post("/v1/api-keys", {"name": "used"})).json()
    await gateway.with_key(key["key"]).get("/v1/feedback")
    await gateway.app.authenticator.mark_used()
    listed = {one["id"]: one for one in (await api.get("/v1/api-keys")).json()["data"]}
    assert listed[key["id"]]["last_used_at"] is not None


def test_secret_scopes_are_what_the_table_asks_for() -> None:
    from gateway.forwarding.table import ROUTES

    asked = {route.scope for route in ROUTES if route.scope} - {"responses:write"}
    assert asked == SECRET_SCOPES
