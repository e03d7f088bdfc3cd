"""The main job end to end, through the gateway: words in, insight and action out, once, and told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from standardwebhooks import Webhook

from shared.foundation.clock import now
from tests.loop_service.outside import MailSink, Receiver
from tests.support.drain import until
from tests.support.stack import SHOP_ORIGIN, RunningStack, Tenant

UNHAPPY = {
    "channel": "email",
    "source": "after-delivery",
    "submission_id": "order-77",
    "unit": "North",
    "customer": {"external_id": "C-1", "email": "someone@example.com"},
    "ratings": [{"metric": "nps", "value": 2}],
    "text": "Two weeks late, and the staff was rude. Call me at +49 30 901820 please.",
}


async def test_a_detractor_becomes_a_case_a_mail_and_a_signed_webhook(
    stack: RunningStack, tenant: Tenant, outside: tuple[Receiver, MailSink]
) -> None:
    receiver, mail_sink = outside
    api = tenant.api
    box = f"hook-{tenant.org_id}"
    endpoint = await api.post("/v1/webhook-endpoints", {"url": receiver.url(box), "events": ["case.opened"]})
    assert endpoint.status == 201, endpoint.body
    sent = await api.post("/v1/feedback", UNHAPPY)
    assert sent.status == 202, sent.body
    feedback_id = sent.json()["id"]
    await tenant.drained()

    record = (await api.get(f"/v1/feedback/{feedback_id}")).json()
    assert record["sentiment"]["label"] == "negative"
    assert "[phone]" in record["text"]
    assert "901820" not in orjson.dumps(record).decode()

    cases = (await api.get("/v1/cases", open="true")).json()["data"]
    assert [one["feedback_id"] for one in cases] == [feedback_id]
    assert cases[0]["owner"]["email"] == tenant.owner_email

    async def told() -> bool:
        return bool(receiver.at(box)) and any(tenant.owner_email in str(mail["To"]) for mail in mail_sink.mails)

    await until(told, what="the webhook and the mail")
    call = receiver.at(box)[0]
    payload = Webhook(endpoint.json()["secret"]).verify(call.body, call.headers)
    assert payload["type"] == "case.opened"
    assert payload["data"]["feedback_id"] == feedback_id

    async def whole() -> Any:
        trace = (await api.get(f"/v1/feedback/{feedback_id}/trace")).json()
        return trace if all(stage["at"] for stage in trace["stages"]) else None

    trace = await until(whole, what="a trace with every stage")
    assert [stage["name"] for stage in trace["stages"]][:5] == ["received", "stored", "analysed", "rules", "case"]
    times = [stage["at"] for stage in trace["stages"]]
    assert times == sorted(times)


async def test_the_same_submission_is_one_voice_and_a_change_is_a_revision(tenant: Tenant) -> None:
    api = tenant.api
    first = await api.post("/v1/feedback", UNHAPPY)
    again = await api.post("/v1/feedback", UNHAPPY)
    assert again.json()["id"] == first.json()["id"]
    await tenant.drained()
    changed = await api.post("/v1/feedback", {**UNHAPPY, "ratings": [{"metric": "nps", "value": 10}]})
    assert changed.json()["id"] == first.json()["id"]
    assert changed.json()["revision"] == 2
    await tenant.drained()
    nps = (await api.get("/v1/metrics/nps", interval="total")).json()["total"]
    assert (nps["n"], nps["n_customers"], nps["value"]) == (1, 1, 100.0)
    assert (await api.get("/v1/metrics/volume", interval="total")).json()["total"]["n"] == 1
    assert len((await api.get("/v1/cases")).json()["data"]) == 1


async def test_an_idempotency_key_makes_a_repeat_safe(tenant: Tenant) -> None:
    body = {"channel": "api", "text": "All fine."}
    key = {"idempotency-key": "try-1"}
    first = await tenant.api.post("/v1/feedback", body, headers=key)
    again = await tenant.api.post("/v1/feedback", body, headers=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    other = await tenant.api.post("/v1/feedback", {**body, "text": "Other."}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_mismatch")


async def test_a_reader_sees_his_own_write_at_once(tenant: Tenant) -> None:
    sent = (await tenant.api.post("/v1/feedback", {"channel": "api", "text": "Just now."})).json()
    assert (await tenant.api.get(f"/v1/feedback/{sent['id']}")).status == 200
    assert (await tenant.api.get(f"/v1/feedback/{sent['id']}/trace")).status == 200


async def test_a_browser_submits_with_a_publishable_key_and_nothing_more(stack: RunningStack, tenant: Tenant) -> None:
    browser = stack.client(origin=SHOP_ORIGIN)
    body = {"publishable_key": tenant.publishable_key, "ratings": [{"metric": "nps", "value": 9}]}
    beacon = await browser.request(
        "POST", "/v1/responses", data=orjson.dumps(body), headers={"content-type": "text/plain;charset=UTF-8"}
    )
    assert beacon.status == 202, beacon.body
    assert beacon.headers["access-control-allow-origin"] == SHOP_ORIGIN
    elsewhere = stack.client(origin="https://shop.example.com.evil.example")
    refused = await elsewhere.post("/v1/responses", body)
    assert (refused.status, refused.code) == (403, "origin_refused")
    reading = await browser.get("/v1/feedback", key=tenant.publishable_key)
    assert reading.status in {401, 403}


async def test_another_organisation_sees_nothing(stack: RunningStack, tenant: Tenant) -> None:
    mine = (await tenant.api.post("/v1/feedback", UNHAPPY)).json()["id"]
    await tenant.drained()
    case = (await tenant.api.get("/v1/cases")).json()["data"][0]["id"]
    customer = (await tenant.api.get("/v1/customers", external_id="C-1")).json()["data"][0]["id"]
    other = await stack.tenant()
    unknown = "0198c5a0-0000-7000-8000-000000000000"
    for path in ("/v1/feedback/{}", "/v1/feedback/{}/trace", "/v1/cases/{}", "/v1/customers/{}"):
        foreign = {"feedback": mine, "cases": case, "customers": customer}[path.split("/")[2]]
        seen = await other.api.get(path.format(foreign))
        assert seen.status == 404
        same = await other.api.get(path.format(unknown))
        assert {**seen.json(), "request_id": ""} == {**same.json(), "request_id": ""}
    assert (await other.api.get("/v1/feedback")).json()["data"] == []
    assert (await other.api.get("/v1/metrics/volume", interval="total")).json()["total"]["n"] == 0


async def test_valid_lines_are_taken_beside_invalid_ones(tenant: Tenant) -> None:
    lines = [
        b'{"channel": "api", "text": "one"}',
        b'{"channel": "api", "ratings": [{"metric": "nps", "value": 11}]}',
        b"not json",
        b'{"channel": "api", "text": "two"}',
    ]
    answer = await tenant.api.request(
        "POST", "/v1/feedback/batch", data=b"\n".join(lines), headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status == 207, answer.body
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["accepted", "rejected", "rejected", "accepted"]
    assert results[1]["errors"][0]["pointer"] == "/ratings/0/value"
    await tenant.drained()
    assert (await tenant.api.get("/v1/metrics/volume", interval="total")).json()["total"]["n"] == 2


async def test_a_file_becomes_records_and_its_figures_are_the_file_s(tenant: Tenant) -> None:
    at = now() - timedelta(days=3)
    rows = ["Response Date;How likely are you to recommend us?;Reason"]
    scores = [0, 3, 6, 7, 8, 9, 9, 10, 10, 10]
    rows += [f"{at:%d/%m/%Y} 10:{n:02d};{score};Reason number {n}, quite long" for n, score in enumerate(scores)]
    answer = await tenant.api.request(
        "POST",
        "/v1/imports",
        data="\n".join(rows).encode("cp1252"),
        params={"filename": "nps.csv"},
        headers={"content-type": "text/csv"},
    )
    assert answer.status == 202, answer.body

    async def ended() -> bool:
        seen = (await tenant.api.get(f"/v1/imports/{answer.json()['id']}")).json()
        return bool(seen["status"] == "completed" and seen["accepted"] == len(scores))

    await until(ended, what="the import")
    await tenant.drained()
    nps = (await tenant.api.get("/v1/metrics/nps", interval="total")).json()["total"]
    assert (nps["n"], nps["value"]) == (10, 20.0)
    assert (nps["promoters"], nps["passives"], nps["detractors"]) == (5, 2, 3)
