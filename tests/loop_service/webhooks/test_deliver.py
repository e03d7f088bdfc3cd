"""Deliveries end to end: signed, retried by schedule, held, replayed; one that hangs delays nobody else."""

from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from shared.foundation import clock
from tests.loop_service.feeding import Feeder, analysed
from tests.loop_service.outside import Call, Receiver, answers
from tests.support.api import Api
from tests.support.drain import until
from tests.support.services import RunningService


@pytest.fixture
async def api(loop: RunningService, organisation: UUID) -> Api:
    return loop.as_org(organisation)


async def endpoint(api: Api, receiver: Receiver, path: str, **more: Any) -> dict[str, Any]:
    made = await api.post("/v1/webhook-endpoints", {"url": receiver.url(path), "events": ["case.opened"], **more})
    assert made.status == 201, made.body
    got: dict[str, Any] = made.json()
    return got


async def calls(receiver: Receiver, path: str, count: int) -> list[Call]:
    async def enough() -> bool:
        return len(receiver.at(path)) >= count

    await until(enough, timeout=15, what=f"{count} calls of {path}")
    return receiver.at(path)


async def delivery(api: Api, state: str, **more: Any) -> dict[str, Any]:
    """The newest delivery, once it is in `state`."""

    async def there() -> dict[str, Any] | None:
        found = (await api.get("/v1/webhook-deliveries", state=state)).json()["data"]
        fits = [one for one in found if all(one[name] == value for name, value in more.items())]
        return fits[0] if fits else None

    found = await until(there, timeout=15, what=f"a delivery that is {state}")
    assert found is not None
    got: dict[str, Any] = (await api.get(f"/v1/webhook-deliveries/{found['id']}")).json()
    return got


async def test_a_case_is_told_signed_and_verifiable(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    made = await endpoint(api, receiver, path)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await feeder.send(analysed(organisation, trace=trace))
    (call,) = await calls(receiver, path, 1)
    told = Webhook(made["secret"]).verify(call.body, call.headers)
    (case,) = (await api.get("/v1/cases")).json()["data"]
    assert (told["type"], told["data"]["case_id"]) == ("case.opened", case["id"])
    assert "owner_email" not in told["data"]
    assert call.headers["content-type"] == "application/json"
    assert call.headers["traceparent"].split("-")[1] == trace.split("-")[1]
    log = await delivery(api, "delivered")
    assert (log["attempts"], log["last_status"], log["webhook_id"]) == (1, 200, call.headers["webhook-id"])
    assert log["log"][0]["response"] == "thanks"
    assert log["payload"].encode() == call.body


async def test_only_what_is_subscribed_arrives(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    everything, changes = organisation.hex + "e", organisation.hex + "c"
    await endpoint(api, receiver, everything, events=["case.opened", "case.changed", "feedback.analyzed"])
    await endpoint(api, receiver, changes, events=["case.changed"])
    await feeder.send(analysed(organisation))
    (case,) = (await api.get("/v1/cases")).json()["data"]
    await api.post(f"/v1/cases/{case['id']}/transitions", {"to": "triaged"})
    kinds = sorted(orjson.loads(call.body)["type"] for call in await calls(receiver, everything, 3))
    assert kinds == ["case.changed", "case.opened", "feedback.analyzed"]
    (changed,) = await calls(receiver, changes, 1)
    assert orjson.loads(changed.body)["data"]["change"]["to"] == "triaged"


async def test_a_failure_is_tried_again_by_the_schedule(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(500)
    made = await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    log = await delivery(api, "pending", attempts=1)
    assert (log["last_status"], log["last_reason"]) == (500, "answered 500")
    assert (await api.get(f"/v1/webhook-endpoints/{made['id']}")).json()["failing_since"] is not None
    del receiver.behaviours[path]
    with clock.shifted(timedelta(seconds=7)):
        log = await delivery(api, "delivered")
    assert [attempt["status"] for attempt in log["log"]] == [500, 200]
    first, second = receiver.at(path)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (await api.get(f"/v1/webhook-endpoints/{made['id']}")).json()["failing_since"] is None


async def test_gone_switches_the_endpoint_off_and_on_again_sends(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(410)
    made = await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    assert (await delivery(api, "dead"))["last_status"] == 410
    own = f"/v1/webhook-endpoints/{made['id']}"
    off = (await api.get(own)).json()
    assert (off["enabled"], off["disabled_reason"]) == (False, "the receiver answered 410 Gone")
    dead = (await api.get("/v1/webhook-deliveries")).json()["data"][0]
    assert (await api.post(f"/v1/webhook-deliveries/{dead['id']}/replay")).code == "conflict"
    del receiver.behaviours[path]
    assert (await api.patch(own, {"enabled": True})).json()["enabled"] is True
    assert (await api.post(f"/v1/webhook-deliveries/{dead['id']}/replay")).status == 202
    log = await delivery(api, "delivered")
    assert [attempt["number"] for attempt in log["log"]] == [1, 2]


async def test_what_waits_is_held_while_switched_off(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(503, retry_after="3600")
    made = await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    pending = await delivery(api, "pending", attempts=1)
    assert pending["next_at"] > (clock.now() + timedelta(minutes=50)).isoformat()
    own = f"/v1/webhook-endpoints/{made['id']}"
    await api.patch(own, {"enabled": False})
    assert (await delivery(api, "held"))["next_at"] is None
    del receiver.behaviours[path]
    await api.patch(own, {"enabled": True})
    await delivery(api, "delivered")
    assert (await api.delete(own)).status == 204
    assert (await api.get(own)).status == 404
    assert len((await api.get("/v1/webhook-deliveries")).json()["data"]) == 1


async def test_a_wish_for_patience_silences_the_whole_endpoint(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(429, retry_after="3600")
    await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    await delivery(api, "pending", attempts=1)
    await feeder.send(analysed(organisation))
    await feeder.settled(organisation)
    other = organisation.hex + "other"
    await endpoint(api, receiver, other)
    await feeder.send(analysed(organisation))
    await calls(receiver, other, 1)
    assert len(receiver.at(path)) == 1


async def test_a_hanging_endpoint_delays_nobody(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    hanging, healthy = organisation.hex + "hang", organisation.hex + "fine"
    receiver.behaviours[hanging] = receiver.hang
    await endpoint(api, receiver, hanging)
    await endpoint(api, receiver, healthy)
    started = monotonic()
    await feeder.send(*(analysed(organisation) for _ in range(20)))
    await calls(receiver, healthy, 20)
    assert monotonic() - started < 8
    assert len(receiver.at(hanging)) <= 4


async def test_both_secrets_sign_during_a_rotation(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    made = await endpoint(api, receiver, path)
    own = f"/v1/webhook-endpoints/{made['id']}"
    rotated = await api.post(f"{own}/rotate-secret")
    assert rotated.json()["secret"] != made["secret"]
    await feeder.send(analysed(organisation))
    (call,) = await calls(receiver, path, 1)
    for secret in (made["secret"], rotated.json()["secret"]):
        Webhook(secret).verify(call.body, call.headers)
    now_only = (await api.post(f"{own}/rotate-secret", {"overlap_hours": 0})).json()
    await feeder.send(analysed(organisation))
    call = (await calls(receiver, path, 2))[1]
    Webhook(now_only["secret"]).verify(call.body, call.headers)
    assert call.headers["webhook-signature"].count("v1,") == 1


async def test_the_secret_is_shown_once_and_kept_encrypted(
    loop: RunningService, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    made = await endpoint(api, receiver, organisation.hex)
    for path in ("/v1/webhook-endpoints", f"/v1/webhook-endpoints/{made['id']}"):
        assert b"whsec_" not in (await api.get(path)).body
    async with loop.database.batch([organisation]) as batch:
        kept = await batch.conn.fetchval("SELECT secret FROM loop.webhook_endpoints WHERE org_id = $1", organisation)
    assert made["secret"].encode() not in kept
    assert made["secret"].removeprefix("whsec_").encode() not in kept


async def test_the_test_sends_a_real_payload(feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api) -> None:
    path = organisation.hex
    made = await endpoint(api, receiver, path)
    own = f"/v1/webhook-endpoints/{made['id']}"
    example = await api.post(f"{own}/test")
    assert (example.status, example.json()["delivered"], example.json()["response"]) == (200, True, "thanks")
    await feeder.send(analysed(organisation))
    await calls(receiver, path, 2)
    await api.post(f"{own}/test", {"type": "case.opened"})
    first, real, tested = await calls(receiver, path, 3)
    for call in (first, real, tested):
        Webhook(made["secret"]).verify(call.body, call.headers)
    assert orjson.loads(tested.body)["data"] == {**orjson.loads(real.body)["data"], "test": True}
    receiver.behaviours[path] = answers(404)
    failed = (await api.post(f"{own}/test")).json()
    assert (failed["delivered"], failed["status"], failed["reason"]) == (False, 404, "answered 404")
    assert (await api.get(f"/v1/webhook-deliveries/{failed['delivery_id']}")).json()["state"] == "dead"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://10.0.0.1/", "https://localhost/", "http://example.com/", "nonsense"]
)
async def test_inner_addresses_are_refused(api: Api, url: str) -> None:
    answer = await api.post("/v1/webhook-endpoints", {"url": url})
    assert (answer.status, answer.code) == (422, "destination_refused")
    assert answer.json()["errors"][0]["pointer"] == "/url"
    assert url.encode() not in answer.body


async def test_limits_and_strangers(loop: RunningService, receiver: Receiver, organisation: UUID, api: Api) -> None:
    made = [await endpoint(api, receiver, "x") for _ in range(20)]
    assert (await api.post("/v1/webhook-endpoints", {"url": receiver.url("x")})).code == "limit_reached"
    stranger = loop.as_org(UUID(int=organisation.int ^ 1))
    own = f"/v1/webhook-endpoints/{made[0]['id']}"
    for answer in (
        await stranger.get(own),
        await stranger.patch(own, {"enabled": False}),
        await stranger.delete(own),
        await stranger.post(f"{own}/test"),
        await stranger.post(f"{own}/rotate-secret"),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    reader = loop.as_org(organisation, "webhooks:read")
    assert (await reader.post(f"{own}/test")).code == "scope_missing"


async def test_a_worker_that_died_in_a_call_loses_only_its_lease(
    loop: RunningService, feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(500)
    await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    waiting = await delivery(api, "pending", attempts=1)
    del receiver.behaviours[path]
    async with loop.database.batch([organisation]) as batch:
        # what a process leaves behind that was killed between its lease and its answer
        await batch.conn.execute(
            "UPDATE loop.webhook_deliveries SET lease = gen_random_uuid(), next_at = $2 WHERE org_id = $1",
            organisation,
            clock.now() + timedelta(milliseconds=200),
        )
    log = await delivery(api, "delivered")
    assert (log["id"], log["attempts"]) == (waiting["id"], 2)


async def test_hostile_answers(feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api) -> None:
    async def rude(_request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(body=b"\xff\xfe\x00<script>" + b"x" * 5000, headers={"Retry-After": "-1e999"}, status=429)

    path = organisation.hex
    receiver.behaviours[path] = rude
    await endpoint(api, receiver, path)
    await feeder.send(analysed(organisation))
    log = await delivery(api, "pending", attempts=1)
    assert "\x00" not in log["log"][0]["response"]
    assert len(log["log"][0]["response"]) <= 2048


async def test_nothing_but_failures_for_120_hours_switches_off_and_keeps_what_waits(
    loop: RunningService, feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    receiver.behaviours[path] = answers(500)
    made = await endpoint(api, receiver, path)
    own = f"/v1/webhook-endpoints/{made['id']}"
    await feeder.send(analysed(organisation))
    await delivery(api, "pending", attempts=1)
    async with loop.database.batch([organisation]) as batch:
        await batch.conn.execute(
            "UPDATE loop.webhook_endpoints SET failing_since = $2 WHERE org_id = $1",
            organisation,
            clock.now() - timedelta(hours=121),
        )
        await batch.conn.execute(
            "UPDATE loop.webhook_deliveries SET next_at = $2 WHERE org_id = $1", organisation, clock.now()
        )
    assert (await delivery(api, "held"))["attempts"] == 2
    off = (await api.get(own)).json()
    assert (off["enabled"], off["disabled_reason"]) == (False, "nothing but failures for 120 hours")
    await feeder.send(analysed(organisation))
    await feeder.settled(organisation)
    assert len((await api.get("/v1/webhook-deliveries")).json()["data"]) == 1
    del receiver.behaviours[path]
    await api.patch(own, {"enabled": True})
    await delivery(api, "delivered")


async def test_a_backlog_goes_out_in_order_of_seconds_not_minutes(
    feeder: Feeder, receiver: Receiver, organisation: UUID, api: Api
) -> None:
    path = organisation.hex
    await endpoint(api, receiver, path)
    await feeder.send(*(analysed(organisation) for _ in range(150)))
    arrived = await calls(receiver, path, 150)
    assert len({call.headers["webhook-id"] for call in arrived}) == 150
