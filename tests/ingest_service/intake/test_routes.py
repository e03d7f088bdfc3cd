"""The doors of the intake, from outside, on real servers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from shared.contracts.ingest_events import FeedbackReceived
from shared.foundation import clock
from tests.ingest_service.stored import events, feedback, rows
from tests.support.services import RunningService, identity

NPS = {"channel": "web", "ratings": [{"metric": "nps", "value": 9}], "text": "Fine."}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_feedback_is_answered_after_it_is_stored(ingest: RunningService, organisation: UUID) -> None:
    answer = await ingest.as_org(organisation).post("/v1/feedback", NPS, headers={"traceparent": TRACE})
    assert answer.status == 202, answer.body
    told = answer.json()
    where = f"/v1/feedback/{told['id']}"
    links = {"self": where, "trace": f"{where}/trace"}
    assert told == {"id": told["id"], "status": "accepted", "revision": 1, "links": links}
    [stored] = await feedback(ingest, organisation)
    assert (str(stored["id"]), stored["source"], stored["customer_id"]) == (told["id"], "web", None)
    [published] = await events(ingest, organisation)
    assert published["id"] == stored["id"]
    assert published["trace"].split("-")[1] == TRACE.split("-")[1]
    received = FeedbackReceived.model_validate(published["data"])
    assert received.feedback_id == stored["id"]
    assert [(one.metric, one.value, one.scale.max) for one in received.ratings] == [("nps", 9.0, 10.0)]


async def test_personal_data_is_masked_before_the_first_store(ingest: RunningService, organisation: UUID) -> None:
    body = {
        "channel": "email",
        "title": "From known@example.org",
        "text": "Call +442079460018 or card 4111111111111111",
        "customer": {"email": "known@example.org", "name": "Customer 0001"},
    }
    assert (await ingest.as_org(organisation).post("/v1/feedback", body)).status == 202
    whole = repr(await feedback(ingest, organisation)) + repr(await events(ingest, organisation))
    for secret in ("known@example.org", "2079460018", "4111111111111111", "Customer 0001"):
        assert secret not in whole
    [stored] = await feedback(ingest, organisation)
    assert (stored["title"], stored["text"]) == ("From [email]", "Call [phone] or card [card]")


async def test_without_an_id_of_the_sender_every_post_is_a_new_voice(
    ingest: RunningService, organisation: UUID
) -> None:
    client = ingest.as_org(organisation)
    answers = [await client.post("/v1/feedback", NPS) for _ in range(2)]
    assert len({answer.json()["id"] for answer in answers}) == 2


async def test_the_same_submission_is_one_voice_and_a_change_is_a_revision(
    ingest: RunningService, organisation: UUID
) -> None:
    client = ingest.as_org(organisation)
    body = {**NPS, "source": "shop", "submission_id": "order-1"}
    first = (await client.post("/v1/feedback", body)).json()
    with clock.frozen(datetime(2026, 1, 2, tzinfo=UTC)):
        again = (await client.post("/v1/feedback", body)).json()
    changed = (await client.post("/v1/feedback", {**body, "text": "Bad."})).json()
    repeated = (await client.post("/v1/feedback", {**body, "text": "Bad."})).json()
    other_source = (await client.post("/v1/feedback", {**body, "source": "app"})).json()
    assert [one["status"] for one in (first, again, changed, repeated)] == [
        "accepted",
        "duplicate",
        "revised",
        "duplicate",
    ]
    assert {one["id"] for one in (first, again, changed, repeated)} == {first["id"]}
    assert (changed["revision"], repeated["revision"]) == (2, 2)
    assert other_source["status"] == "accepted"
    assert other_source["id"] != first["id"]
    stored = [row for row in await feedback(ingest, organisation) if str(row["id"]) == first["id"]]
    assert [(row["revision"], row["text"]) for row in stored] == [(1, "Fine."), (2, "Bad.")]
    assert stored[0]["occurred_at"] == stored[1]["occurred_at"], "a correction does not move feedback in time"
    published = [event["data"] for event in await events(ingest, organisation)]
    assert [(data["revision"], data["text"]) for data in published if data["feedback_id"] == first["id"]] == [
        (1, "Fine."),
        (2, "Bad."),
    ]


async def test_many_at_once_with_one_submission_id_are_one_voice(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    body = {**NPS, "submission_id": "rush"}
    answers = await asyncio.gather(*(client.post("/v1/feedback", body) for _ in range(60)))
    assert {answer.status for answer in answers} == {202}
    told = [answer.json() for answer in answers]
    assert len({one["id"] for one in told}) == 1
    assert sorted(one["status"] for one in told) == ["accepted"] + ["duplicate"] * 59
    assert len(await events(ingest, organisation)) == 1


async def test_a_hundred_at_once_with_one_key_have_one_effect(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    headers = {"idempotency-key": "one-key"}
    answers = await asyncio.gather(*(client.post("/v1/feedback", NPS, headers=headers) for _ in range(100)))
    done = [answer for answer in answers if answer.status == 202]
    assert {answer.status for answer in answers} <= {202, 409}
    assert len({answer.body for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    assert len(await feedback(ingest, organisation)) == 1


async def test_a_key_gives_the_same_bytes_and_refuses_another_body(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    headers = {"idempotency-key": "k-1"}
    first = await client.post("/v1/feedback", NPS, headers=headers)
    again = await client.post("/v1/feedback", NPS, headers=headers)
    other = await client.post("/v1/feedback", {**NPS, "text": "Else"}, headers=headers)
    moved = await client.request(
        "POST", "/v1/responses", data=orjson.dumps(NPS), headers={**headers, "content-type": "application/json"}
    )
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status, other.code) == (422, "idempotency_mismatch")
    assert moved.code == "idempotency_mismatch"
    assert len(await feedback(ingest, organisation)) == 1


async def test_keys_belong_to_their_organisation_and_expire(
    ingest: RunningService, organisation: UUID, request: pytest.FixtureRequest
) -> None:
    other_org = UUID(int=organisation.int ^ 1)
    headers = {"idempotency-key": "shared"}
    mine = await ingest.as_org(organisation).post("/v1/feedback", NPS, headers=headers)
    theirs = await ingest.as_org(other_org).post("/v1/feedback", {**NPS, "text": "Else"}, headers=headers)
    assert mine.json()["id"] != theirs.json()["id"]
    with clock.frozen(datetime(2026, 1, 2, tzinfo=UTC)):
        old = await ingest.as_org(organisation).post("/v1/feedback", NPS, headers={"idempotency-key": "old"})
    anew = await ingest.as_org(organisation).post("/v1/feedback", NPS, headers={"idempotency-key": "old"})
    assert anew.json()["id"] != old.json()["id"]
    assert "idempotency-replayed" not in anew.headers


async def test_what_was_refused_does_not_use_up_its_key(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    headers = {"idempotency-key": "mended"}
    assert (await client.post("/v1/feedback", {"channel": "web"}, headers=headers)).status == 422
    assert (await client.post("/v1/feedback", NPS, headers=headers)).status == 202
    too_long = await client.post("/v1/feedback", NPS, headers={"idempotency-key": "x" * 256})
    assert (too_long.status, too_long.code) == (422, "parameter_invalid")


async def test_old_keys_are_forgotten(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    with clock.frozen(datetime(2026, 1, 2, tzinfo=UTC)):
        await client.post("/v1/feedback", NPS, headers={"idempotency-key": "old"})
    await client.post("/v1/feedback", NPS, headers={"idempotency-key": "new"})
    await ingest.app.resources["intake"].forget_keys()
    assert await rows(ingest, organisation, "SELECT key FROM ingest.idempotency_keys") == [{"key": "new"}]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "body_not_json"),
        (b"{", 400, "body_not_json"),
        (b'{"channel":"web","ratings":[{"metric":"nps","value":NaN}]}', 400, "body_not_json"),
        (b'{"channel":"web","ratings":[{"metric":"nps","value":1e999}]}', 400, "body_not_json"),
        (b'{"channel":"web","text":"\\ud800"}', 400, "body_not_json"),
        (b'{"channel":"web","text":"\xff"}', 400, "body_not_json"),
        (b'{"channel":"web","text":"a\\u0000b"}', 422, "body_invalid"),
        (b"[" * 900 + b"]" * 900, 422, "body_invalid"),
        (b"[]", 422, "body_invalid"),
        (b"null", 422, "body_invalid"),
        (b'{"channel":"web","text":"a","org_id":"x"}', 422, "body_invalid"),
        (b'{"channel":"web","ratings":[{"metric":"nps","value":true}]}', 422, "body_invalid"),
        (b'{"channel":"web","ratings":[{"metric":"nps","value":9223372036854775808}]}', 422, "body_invalid"),
    ],
)
async def test_hostile_bodies_are_refused_with_words(
    ingest: RunningService, organisation: UUID, body: bytes, status: int, code: str
) -> None:
    answer = await ingest.as_org(organisation).request(
        "POST", "/v1/feedback", data=body, headers={"content-type": "application/json"}
    )
    assert (answer.status, answer.code) == (status, code)
    assert await feedback(ingest, organisation) == []


async def test_faults_come_as_problem_json_with_pointers(ingest: RunningService, organisation: UUID) -> None:
    body = {"channel": "web", "ratings": [{"metric": "nps", "value": 4, "scale": {"min": 1, "max": 5}}]}
    answer = await ingest.as_org(organisation).post("/v1/feedback", body)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["errors"][0]["pointer"] == "/ratings/0/scale"
    assert 'metric "rating"' in problem["errors"][0]["detail"]
    assert problem["request_id"]


async def test_the_content_type_is_asked_for(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = await client.request("POST", "/v1/feedback", data=orjson.dumps(NPS), headers={"content-type": kind})
        assert (answer.status, answer.code) == (415, "content_type_unsupported")


@pytest.mark.parametrize("path", ["/v1/feedback", "/v1/feedback/batch", "/v1/responses"])
async def test_every_door_asks_for_its_scope(ingest: RunningService, organisation: UUID, path: str) -> None:
    answer = await ingest.as_org(organisation, "feedback:read").post(path, NPS)
    assert (answer.status, answer.code) == (403, "scope_missing")


async def batch(ingest: RunningService, org_id: UUID, records: Any, **headers: str) -> Any:
    """POST a batch as JSON."""
    body = BytesIO(orjson.dumps(records))
    return await ingest.as_org(org_id).request(
        "POST", "/v1/feedback/batch", data=body, headers={"content-type": "application/json", **headers}
    )


async def test_valid_records_are_stored_beside_invalid_ones(ingest: RunningService, organisation: UUID) -> None:
    records = [
        {**NPS, "submission_id": "a"},
        {"channel": "web"},
        {**NPS, "submission_id": "a"},
        {**NPS, "submission_id": "a", "text": "Changed."},
        "no object",
        {**NPS, "text": "a\x00b"},
        NPS,
    ]
    answer = await batch(ingest, organisation, records)
    assert answer.status == 207
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (4, 3)
    results = told["results"]
    assert [one["index"] for one in results] == list(range(7))
    assert [one["status"] for one in results] == [
        "accepted",
        "rejected",
        "duplicate",
        "revised",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert results[0]["id"] == results[2]["id"] == results[3]["id"]
    assert results[1]["errors"][0]["code"] == "nothing_said"
    assert results[5]["errors"][0]["pointer"] == "/text"
    assert len(await feedback(ingest, organisation)) == 3
    assert len(await events(ingest, organisation)) == 3


async def test_ndjson_with_a_broken_line(ingest: RunningService, organisation: UUID) -> None:
    body = orjson.dumps(NPS) + b"\n{broken\n\n" + orjson.dumps(NPS) + b"\n"
    answer = await ingest.as_org(organisation).request(
        "POST", "/v1/feedback/batch", data=body, headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status == 207
    assert [(one["index"], one["status"]) for one in answer.json()["results"]] == [
        (0, "accepted"),
        (1, "rejected"),
        (3, "accepted"),
    ]


async def test_a_batch_without_a_valid_record_is_a_problem_that_names_each(
    ingest: RunningService, organisation: UUID
) -> None:
    answer = await batch(ingest, organisation, [{"channel": "web"}, 5])
    assert (answer.status, answer.code) == (422, "body_invalid")
    assert [one["status"] for one in answer.json()["results"]] == ["rejected", "rejected"]


async def test_a_whole_batch_again_with_its_key_is_one_effect(ingest: RunningService, organisation: UUID) -> None:
    first = await batch(ingest, organisation, [NPS, NPS], **{"idempotency-key": "b"})
    again = await batch(ingest, organisation, [NPS, NPS], **{"idempotency-key": "b"})
    assert first.status == 202
    assert again.body == first.body
    assert len(await feedback(ingest, organisation)) == 2


async def test_ten_thousand_records_in_one_request(ingest: RunningService, organisation: UUID) -> None:
    records = [{**NPS, "customer": {"external_id": f"c-{number % 500}"}} for number in range(10_000)]
    answer = await batch(ingest, organisation, records)
    assert answer.status == 202
    assert answer.json()["accepted"] == 10_000
    [counted] = await rows(
        ingest, organisation, "SELECT count(*) AS n, count(DISTINCT customer_id) AS who FROM ingest.feedback"
    )
    assert counted == {"n": 10_000, "who": 500}
    too_many = await batch(ingest, organisation, [*records, NPS])
    assert (too_many.status, too_many.code) == (413, "body_too_large")


async def test_a_beacon_from_a_browser(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    body = {"ratings": [{"metric": "nps", "value": 3}], "survey_id": "default", "publishable_key": "cxl_pk_x"}
    answer = await client.request(
        "POST", "/v1/responses", data=orjson.dumps(body), headers={"content-type": "text/plain;charset=UTF-8"}
    )
    assert answer.status == 202, answer.body
    [stored] = await feedback(ingest, organisation)
    assert (stored["channel"], stored["survey_id"]) == ("widget", "default")
    refused = await client.post("/v1/responses", {**body, "survey_id": "none"})
    assert refused.json()["errors"][0]["pointer"] == "/survey_id"


async def test_a_browser_revises_its_own_words_and_no_others(ingest: RunningService, organisation: UUID) -> None:
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    server = ingest.as_org(organisation)
    score = {"channel": "web", "source": "crm", "submission_id": "17", "ratings": [{"metric": "nps", "value": 3}]}

    async def statuses(*calls: tuple[Any, str, str]) -> list[str]:
        return [(await client.post(path, {**score, "text": text})).json()["status"] for client, path, text in calls]

    own = ("/v1/responses", "/v1/feedback")
    assert await statuses((browser, own[0], "a"), (browser, own[0], "b")) == ["accepted", "revised"]
    assert await statuses((server, own[1], "c"), (browser, own[0], "d")) == ["revised", "duplicate"]
    assert [row["text"] for row in await feedback(ingest, organisation)] == ["a", "b", "c"]


async def test_what_cannot_be_committed_is_not_acknowledged(
    ingest: RunningService, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails at COMMIT: nobody hears 202, and nothing is there."""
    execute = asyncpg.connection.Connection.execute

    async def failing(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if query == "COMMIT":
            raise asyncpg.exceptions.DiskFullError("full")
        return await execute(self, query, *args, **kwargs)

    client = ingest.as_org(organisation)
    monkeypatch.setattr(asyncpg.connection.Connection, "execute", failing)
    answers = await asyncio.gather(*(client.post("/v1/feedback", NPS) for _ in range(5)))
    monkeypatch.undo()
    assert {answer.status for answer in answers} == {507}
    assert all("retry-after" in answer.headers for answer in answers)
    assert await feedback(ingest, organisation) == []
    assert (await client.post("/v1/feedback", NPS)).status == 202


async def test_one_organisation_never_sees_or_touches_another(ingest: RunningService, organisation: UUID) -> None:
    """Two organisations in the same groups, with the same ids of senders and customers."""
    other_org = UUID(int=organisation.int ^ 1)
    body = {**NPS, "submission_id": "same", "customer": {"external_id": "same"}}
    clients = [ingest.as_org(organisation), ingest.as_org(other_org)]
    answers = await asyncio.gather(*(clients[turn % 2].post("/v1/feedback", body) for turn in range(20)))
    assert len({answer.json()["id"] for answer in answers}) == 2
    mine, theirs = await feedback(ingest, organisation), await feedback(ingest, other_org)
    assert len(mine) == len(theirs) == 1
    assert mine[0]["customer_id"] != theirs[0]["customer_id"]


async def test_the_raw_routes_are_documented(ingest: RunningService, organisation: UUID) -> None:
    document = (await ingest.as_org(organisation).get("/openapi.json")).json()
    for path in ("/v1/feedback", "/v1/feedback/batch", "/v1/responses", "/v1/customers/{customer_id}", "/v1/surveys"):
        assert path in document["paths"]
    assert "Submission" in document["components"]["schemas"]
    assert document["paths"]["/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]["example"]
