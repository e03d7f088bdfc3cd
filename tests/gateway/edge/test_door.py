"""The door from outside: what gets through, as what, and what each refusal looks like."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from gateway.accounts import api_keys
from gateway.forwarding.table import ROUTES, Route
from shared.foundation.ids import new_id
from tests.gateway.conftest import ORIGIN, RunningGateway

SCOPED = [route for route in ROUTES if route.scope is not None]


def path_of(route: Route) -> str:
    return "/".join(str(new_id()) if part.startswith("{") else part for part in route.path.split("/"))


def body_for(route: Route) -> dict[str, int] | None:
    return {"a": 1} if route.method in ("POST", "PUT", "PATCH") else None


async def test_forwards_what_a_key_may_do(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    api = gateway.with_key(await gateway.key(org_id, "feedback:write"))
    answer = await api.post("/v1/feedback?x=1", {"channel": "api"}, headers={"idempotency-key": "abc"})
    assert answer.status == 200
    call = answer.json()
    assert (call["service"], call["method"], call["path"], call["query"]) == ("ingest", "POST", "/v1/feedback", "x=1")
    assert call["body"] == '{"channel":"api"}'
    assert (call["org_id"], call["kind"], call["scopes"]) == (str(org_id), "secret_key", ["feedback:write"])
    assert call["headers"]["idempotency-key"] == "abc"
    assert call["headers"]["x-request-id"] == answer.headers["x-request-id"]
    assert "authorization" not in call["headers"]


async def test_answer_carries_limits_and_security_headers(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    answer = await api.get("/v1/feedback")
    assert answer.headers["ratelimit-policy"] == '"default";q=600000;w=60'
    assert answer.headers["ratelimit"].startswith('"default";r=5999')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


async def test_identity_headers_of_the_client_do_not_get_through(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    forged = {
        "x-cxloop-identity": "forged",
        "X_cxloop_identity": "forged",
        "x-cxloop-anything": "forged",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-user": "forged",
        "connection": "keep-alive, x-api-key",
        "tracestate": "a=b",
    }
    answer = await api.request("GET", "/v1/feedback", headers=forged)
    call = answer.json()
    assert call["headers"]["x-cxloop-identity"] != "forged"
    assert "forged" not in str(call)
    assert call["headers"]["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize("name", ["set-cookie", "x-request-id", "keep-alive"])
async def test_headers_of_a_service_that_do_not_get_out(gateway: RunningGateway, name: str) -> None:
    gateway.services["analysis"].headers = [(name.encode(), b"from-the-service"), (b"etag", b'"v1"')]
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    answer = await api.get("/v1/feedback")
    assert "from-the-service" not in str(dict(answer.headers))
    assert answer.headers["etag"] == '"v1"'


async def test_request_id_is_taken_from_the_client_when_it_is_one(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    taken = await api.request("GET", "/v1/feedback", headers={"x-request-id": "client-0001"})
    assert taken.headers["x-request-id"] == taken.json()["headers"]["x-request-id"] == "client-0001"
    made = await api.request("GET", "/v1/feedback", headers={"x-request-id": "<script>"})
    UUID(made.headers["x-request-id"])


async def test_traceparent_goes_on_and_nonsense_does_not(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    call = (await api.request("GET", "/v1/feedback", headers={"traceparent": good})).json()
    assert call["headers"]["traceparent"] == good
    call = (await api.request("GET", "/v1/feedback", headers={"traceparent": "00-nonsense"})).json()
    assert "nonsense" not in str(call["headers"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/feedback/", 404, "not_found"),
        ("DELETE", "/v1/feedback", 405, "method_not_allowed"),
        ("TRACE", "/v1/feedback", 405, "method_not_allowed"),
        ("POST", "/dashboard", 405, "method_not_allowed"),
        ("GET", "/v1/feedback", 401, "key_missing"),
    ],
)
async def test_refusals_are_problems(gateway: RunningGateway, method: str, path: str, status: int, code: str) -> None:
    answer = await gateway.api().request(method, path)
    assert (answer.status, answer.code) == (status, code)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    if status == 405:
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
async def test_nobody_gets_in_without_a_credential(gateway: RunningGateway, route: Route) -> None:
    """Every operation: 401 without a key, with a mistyped one, with an unknown one; or public by the table."""
    if not route.credentials:
        return
    body = body_for(route)
    unknown = api_keys.mint("secret", new_id()).text
    for headers in ({}, {"authorization": "Bearer nonsense"}, {"x-api-key": unknown}, {"authorization": "Basic eDp5"}):
        answer = await gateway.api().request(route.method, path_of(route), json=body, headers=headers)
        assert answer.status == 401, headers
        assert answer.code in ("key_missing", "key_invalid")
    assert not any(service.calls for service in gateway.services.values())


async def test_every_operation_needs_its_own_scope(gateway: RunningGateway) -> None:
    """Every scoped operation × a key with every scope but that one: 403, and nothing reaches a service."""
    org_id = await gateway.organization()
    for route in SCOPED:
        if "secret_key" not in route.credentials:
            continue
        everything = {other.scope for other in SCOPED if other.scope and "secret_key" in other.credentials}
        api = gateway.with_key(await gateway.key(org_id, *sorted(everything - {route.scope})))
        body = body_for(route)
        answer = await api.request(route.method, path_of(route), json=body)
        assert (answer.status, answer.code) == (403, "scope_missing"), route.operation_id
        await api.close()
    assert not any(service.calls for service in gateway.services.values())


async def test_every_forwarded_operation_reaches_its_service(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    secret = gateway.with_key(await gateway.key(org_id))
    publishable = gateway.with_key(await gateway.key(org_id, kind="publishable"))
    for route in ROUTES:
        if route.service == "gateway":
            continue
        api = publishable if "publishable_key" in route.credentials else secret
        body = body_for(route)
        path = path_of(route)
        answer = await api.request(route.method, path, json=body)
        assert answer.status == 200, route.operation_id
        call = answer.json()
        assert (call["service"], call["method"], call["path"]) == (route.service, route.method, path)


async def test_a_publishable_key_may_do_nothing_else(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization(), kind="publishable"))
    for route in ROUTES:
        if not route.credentials or "publishable_key" in route.credentials:
            continue
        body = body_for(route)
        answer = await api.request(route.method, path_of(route), json=body)
        assert answer.status == 403, route.operation_id


async def test_head_is_answered_like_get_without_a_body(gateway: RunningGateway) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    answer = await api.request("HEAD", "/v1/feedback")
    assert (answer.status, answer.body) == (200, b"")
    assert gateway.services["analysis"].calls[-1]["method"] == "GET"


async def test_service_status_and_body_come_back_unchanged(gateway: RunningGateway) -> None:
    gateway.services["loop"].status = 409
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    answer = await api.post(f"/v1/cases/{new_id()}/transitions", {"to": "closed"})
    assert (answer.status, answer.json()["body"]) == (409, '{"to":"closed"}')


# --- sessions ----------------------------------------------------------------------------------------------------


async def test_session_reaches_services_as_a_member_with_the_role_s_scopes(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    api = await gateway.signed_in(org_id, await gateway.member(org_id, "agent"))
    call = (await api.get("/v1/cases")).json()
    assert (call["org_id"], call["kind"]) == (str(org_id), "member")
    assert "cases:write" in call["scopes"]
    assert "rules:write" not in call["scopes"]
    assert "cookie" not in call["headers"]
    assert (await api.get("/v1/rules")).code == "scope_missing"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"origin": "http://127.0.0.1:8080"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://evil.example.net"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://127.0.0.1:8080.evil.example.net"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({}, False),
    ],
)
async def test_a_session_changes_things_only_from_our_own_pages(
    gateway: RunningGateway, headers: dict[str, str], allowed: bool
) -> None:
    org_id = await gateway.organization()
    api = await gateway.signed_in(org_id, await gateway.member(org_id), origin=False)
    answer = await api.post(f"/v1/cases/{new_id()}/notes", {"text": "x"}, headers=headers)
    assert answer.code == (None if allowed else "origin_refused")
    assert bool(gateway.services["loop"].calls) is allowed


async def test_session_of_a_deactivated_member_ends_within_seconds(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    owner = await gateway.signed_in(org_id, await gateway.member(org_id))
    member_id = await gateway.member(org_id, "analyst")
    member = await gateway.signed_in(org_id, member_id)
    assert (await member.get("/v1/feedback")).status == 200
    assert (await owner.delete(f"/v1/members/{member_id}")).status == 204
    async with asyncio.timeout(5):
        while (await member.get("/v1/feedback")).code != "session_invalid":
            await asyncio.sleep(0.1)


# --- keys --------------------------------------------------------------------------------------------------------


async def test_revoked_key_is_refused_within_five_seconds(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    admin = gateway.with_key(await gateway.key(org_id))
    created = (await admin.post("/v1/api-keys", {"name": "short"})).json()
    api = gateway.with_key(created["key"])
    assert (await api.get("/v1/feedback")).status == 200
    assert (await admin.delete(f"/v1/api-keys/{created['id']}")).status == 204
    async with asyncio.timeout(5):
        while (answer := await api.get("/v1/feedback")).status == 200:
            await asyncio.sleep(0.1)
    assert answer.code == "key_revoked"


async def test_keys_that_differ_in_two_headers_are_refused(gateway: RunningGateway) -> None:
    org_id = await gateway.organization()
    one, two = await gateway.key(org_id), await gateway.key(org_id)
    answer = await gateway.with_key(one, x_api_key=two).get("/v1/feedback")
    assert (answer.status, answer.code) == (400, "request_malformed")
    assert (await gateway.with_key(one, x_api_key=one).get("/v1/feedback")).status == 200


async def test_a_secret_key_in_the_address_is_not_a_key(gateway: RunningGateway) -> None:
    key = await gateway.key(await gateway.organization())
    assert (await gateway.api().get("/v1/feedback", key=key)).code == "key_missing"


# --- browsers ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def publishable(gateway: RunningGateway) -> str:
    return await gateway.key(await gateway.organization(), kind="publishable", allowed_origins=[ORIGIN])


async def test_preflight_of_a_browser_route(gateway: RunningGateway) -> None:
    answer = await gateway.api(origin=ORIGIN, access_control_request_method="POST").request("OPTIONS", "/v1/responses")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"


async def test_preflight_of_any_other_route_allows_nothing(gateway: RunningGateway) -> None:
    answer = await gateway.api(origin=ORIGIN, access_control_request_method="POST").request("OPTIONS", "/v1/feedback")
    assert answer.status == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_listed_origin_may_read_the_answer(gateway: RunningGateway, publishable: str) -> None:
    answer = await gateway.with_key(publishable, origin=ORIGIN).post("/v1/responses", {"score": 9})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null", "https://shop.example.com.evil.example.net", "https://evilshop.example.com", "http://shop.example.com",
        "https://shop.example.com:8443", "https://shop.example.com/", "https://sub.shop.example.com", "*",
    ],
)  # fmt: skip
async def test_other_origins_are_refused(gateway: RunningGateway, publishable: str, origin: str) -> None:
    answer = await gateway.with_key(publishable, origin=origin).post("/v1/responses", {"score": 9})
    assert answer.code == "origin_refused"
    assert "access-control-allow-origin" not in answer.headers
    assert not gateway.services["ingest"].calls


async def test_native_clients_and_our_own_pages_need_no_listing(gateway: RunningGateway, publishable: str) -> None:
    assert (await gateway.with_key(publishable).post("/v1/responses", {})).status == 200
    own = gateway.with_key(publishable, origin=gateway.settings.public_origin)
    assert (await own.post("/v1/responses", {})).status == 200


async def test_key_in_the_query_is_taken_out_of_it(gateway: RunningGateway, publishable: str) -> None:
    answer = await gateway.api(origin=ORIGIN, content_type="text/plain").request(
        "POST", f"/v1/responses?a=1&key={publishable}&b=2", data=b"{}"
    )
    assert answer.status == 200
    call = answer.json()
    assert call["query"] == "a=1&b=2"
    assert publishable not in str(call)


async def test_key_in_the_body_of_a_beacon(gateway: RunningGateway, publishable: str) -> None:
    body = b'{"score": 3, "publishable_key": "%b"}' % publishable.encode()
    answer = await gateway.api(origin=ORIGIN, content_type="text/plain;charset=UTF-8").request(
        "POST", "/v1/responses", data=body
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.json()["body"] == '{"score":3}'


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[1]", b'{"publishable_key": 3}', b'{"publishable_key": "x"}'])
async def test_bodies_without_a_key_are_401(gateway: RunningGateway, body: bytes) -> None:
    answer = await gateway.api(content_type="text/plain").request("POST", "/v1/responses", data=body)
    assert answer.status == 401


async def test_refusals_are_readable_for_a_listed_origin(gateway: RunningGateway, publishable: str) -> None:
    gateway.services["ingest"].status = 422
    answer = await gateway.with_key(publishable, origin=ORIGIN).post("/v1/responses", {"score": 99})
    assert answer.status == 422
    assert answer.headers["access-control-allow-origin"] == ORIGIN
