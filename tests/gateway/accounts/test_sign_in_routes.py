"""Signing in: links, passwords, the session and its end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from gateway.accounts import api_keys
from shared.foundation import clock
from shared.foundation.ids import new_id
from tests.gateway.conftest import RunningGateway, running_gateway
from tests.support.api import Answer, Api
from tests.support.servers import Servers


@pytest.fixture
async def org_id(gateway: RunningGateway) -> UUID:
    return await gateway.organization("Acme")


@pytest.fixture
async def api(gateway: RunningGateway, org_id: UUID) -> Api:
    return gateway.with_key(await gateway.key(org_id))


async def link_for(api: Api, member_id: UUID, **options: object) -> str:
    answer = await api.post("/v1/sign-in-links", {"member_id": str(member_id), **options})
    assert answer.status == 201
    url = urlsplit(answer.json()["url"])
    return f"{url.path}?{url.query}"


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0]


async def test_a_link_signs_in_once_and_leads_to_the_dashboard(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    member_id = await gateway.member(org_id, "manager", "m@example.org")
    link = await link_for(api, member_id)
    browser = gateway.api()
    first = await browser.get(link)
    assert (first.status, first.headers["location"]) == (303, "/dashboard")
    attributes = first.headers["set-cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    session = await gateway.api(cookie=cookie_of(first)).get("/v1/session")
    assert session.json()["member"]["email"] == "m@example.org"
    assert session.json()["organization"] == {**session.json()["organization"], "id": str(org_id), "name": "Acme"}
    assert "cases:write" in session.json()["scopes"]
    second = await browser.get(link)
    assert second.status == 401
    assert "set-cookie" not in second.headers


async def test_a_link_that_works_once_works_once_for_ten_browsers_together(
    gateway: RunningGateway, api: Api, org_id: UUID
) -> None:
    link = await link_for(api, await gateway.member(org_id))
    answers = await asyncio.gather(*(gateway.api().get(link) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [303] + [401] * 9


async def test_a_reusable_link_works_until_it_expires(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    link = await link_for(api, await gateway.member(org_id), reusable=True, expires_in=3600)
    for _ in range(3):
        assert (await gateway.api().get(link)).status == 303
    with clock.shifted(timedelta(hours=2)):
        assert (await gateway.api().get(link)).status == 401


async def test_links_of_a_removed_member_are_void(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    member_id = await gateway.member(org_id, "agent")
    link = await link_for(api, member_id, reusable=True)
    await api.delete(f"/v1/members/{member_id}")
    assert (await gateway.api().get(link)).status == 401
    assert (await api.patch(f"/v1/members/{member_id}", {"active": True})).status == 200
    assert (await gateway.api().get(link)).status == 401, "coming back does not revive old links"
    await api.delete(f"/v1/members/{member_id}")
    assert (await api.post("/v1/sign-in-links", {"member_id": str(member_id)})).code == "conflict"


@pytest.mark.parametrize(
    ("next", "location"),
    [
        ("/dashboard/cases", "/dashboard/cases"),
        ("//evil.example.net", "/dashboard"),
        ("https://evil.example.net", "/dashboard"),
        ("/\\evil.example.net", "/dashboard"),
        ("/a\\..\\b", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
    ],
)
async def test_sign_in_leads_nowhere_else(
    gateway: RunningGateway, api: Api, org_id: UUID, next: str, location: str
) -> None:
    link = await link_for(api, await gateway.member(org_id))
    answer = await gateway.api().get(link, next=next)
    assert answer.headers["location"] == location


@pytest.mark.parametrize("token", ["nonsense", "", "cxl_sl_" + "0" * 60])
async def test_bad_tokens_show_the_page(gateway: RunningGateway, token: str) -> None:
    answer = await gateway.api().get("/sign-in", token=token)
    assert answer.status == (401 if token else 200)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_key_is_not_a_session_nor_a_link_a_key(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    link = (await link_for(api, await gateway.member(org_id))).partition("token=")[2]
    assert (await gateway.with_key(link).get("/v1/feedback")).code == "key_invalid"
    key = await gateway.key(org_id)
    assert (await gateway.api(cookie=f"cxl_session={key}").get("/v1/feedback")).code == "session_invalid"
    assert (await gateway.api().get("/sign-in", token=key)).status == 401
    unknown = api_keys.mint("session", org_id).text
    assert (await gateway.api(cookie=f"cxl_session={unknown}").get("/v1/session")).code == "session_invalid"


async def test_signing_out_ends_the_session(gateway: RunningGateway, api: Api, org_id: UUID) -> None:
    first = await gateway.api().get(await link_for(api, await gateway.member(org_id)))
    browser = gateway.api(cookie=cookie_of(first), origin=gateway.settings.public_origin)
    assert (await browser.get("/v1/session")).status == 200
    out = await browser.delete("/v1/session")
    assert (out.status, "Max-Age=0" in out.headers["set-cookie"]) == (204, True)
    async with asyncio.timeout(5):
        while (await browser.get("/v1/session")).status == 200:
            await asyncio.sleep(0.1)


async def test_password_sign_in(gateway: RunningGateway, org_id: UUID) -> None:
    email = f"{new_id().hex}@example.org"
    browser = await gateway.signed_in(org_id, await gateway.member(org_id, "agent", email))
    assert (await browser.put("/v1/session/password", {"new": "short"})).status == 422
    assert (await browser.put("/v1/session/password", {"new": "a long enough phrase"})).status == 204
    wrong = await browser.put("/v1/session/password", {"new": "another long phrase", "current": "not it at all"})
    assert (wrong.status, wrong.code) == (401, "sign_in_failed")
    for body in ({"email": email.upper()}, {"email": email, "organization_id": str(org_id)}):
        answer = await gateway.api().post("/v1/session", {**body, "password": "a long enough phrase"})
        assert answer.status == 204
        assert (await gateway.api(cookie=cookie_of(answer)).get("/v1/session")).json()["member"]["email"] == email
    for body in (
        {"email": email, "password": "wrong wrong wrong"},
        {"email": "nobody@example.org", "password": "a long enough phrase"},
        {"email": email, "password": "a long enough phrase", "organization_id": str(new_id())},
    ):
        assert (await gateway.api().post("/v1/session", body)).code == "sign_in_failed"


async def test_one_address_in_two_organisations_has_to_say_which(gateway: RunningGateway) -> None:
    email = f"{new_id().hex}@example.org"
    orgs = [await gateway.organization() for _ in range(2)]
    for one in orgs:
        browser = await gateway.signed_in(one, await gateway.member(one, "agent", email))
        assert (await browser.put("/v1/session/password", {"new": "a long enough phrase"})).status == 204
    body = {"email": email, "password": "a long enough phrase"}
    assert (await gateway.api().post("/v1/session", body)).code == "conflict"
    answer = await gateway.api().post("/v1/session", {**body, "organization_id": str(orgs[0])})
    session = await gateway.api(cookie=cookie_of(answer)).get("/v1/session")
    assert session.json()["organization"]["id"] == str(orgs[0])


async def test_a_page_of_another_site_cannot_plant_a_session(gateway: RunningGateway) -> None:
    answer = await gateway.api(origin="https://evil.example.net").post(
        "/v1/session", {"email": "a@example.org", "password": "x"}
    )
    assert answer.code == "origin_refused"


async def test_sign_in_attempts_are_limited(servers: Servers) -> None:
    async with running_gateway(servers, rate_sign_in_per_minute=3) as gateway:
        api = gateway.api()
        statuses = [(await api.get("/sign-in", token="nonsense")).status for _ in range(6)]
        assert statuses.count(429) >= 3 or statuses[:3].count(401) == 3
        limited = await api.post("/v1/session", {"email": "a@example.org", "password": "x"})
        assert limited.status == 429
        assert 1 <= int(limited.headers["retry-after"]) <= 60


async def test_over_https_the_cookie_is_bound_to_the_host(servers: Servers) -> None:
    async with running_gateway(servers, public_url="https://cx.example.com") as gateway:
        org_id = await gateway.organization()
        api = gateway.with_key(await gateway.key(org_id))
        answer = await gateway.api().get(await link_for(api, await gateway.member(org_id)))
        assert answer.headers["set-cookie"].startswith("__Host-cxl_session=")
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert answer.headers["strict-transport-security"]
        assert (await gateway.api(cookie=cookie_of(answer)).get("/v1/session")).status == 200
        plain = cookie_of(answer).removeprefix("__Host-")
        assert (await gateway.api(cookie=plain).get("/v1/session")).code == "key_missing"
