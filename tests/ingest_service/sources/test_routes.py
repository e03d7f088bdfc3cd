"""Sources at the edge: secrets stay secret, only what is signed is trusted, nothing is counted twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from typing import Any
from uuid import UUID

import orjson
import pytest

from ingest_service.sources import reception
from shared.foundation.ids import new_id
from tests.ingest_service.channels.typeform_documents import nps_webhook
from tests.ingest_service.stored import feedback, rows
from tests.support.api import Answer
from tests.support.services import RunningService, identity

SECRET = "the secret at the form"
SOURCE = {"channel": "typeform", "name": "After delivery", "signing_secret": SECRET}


async def connected(ingest: RunningService, org_id: UUID, **more: Any) -> dict[str, Any]:
    answer = await ingest.as_org(org_id).post("/v1/sources", {**SOURCE, **more})
    assert answer.status == 201, answer.body
    source: dict[str, Any] = answer.json()
    return source


async def sent(
    ingest: RunningService, org_id: UUID, source: dict[str, Any], document: Any, *, secret: str | None = SECRET
) -> Answer:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    stream = io.BytesIO(body)
    headers = {"content-type": "application/json"}
    if secret is not None:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        headers["typeform-signature"] = "sha256=" + base64.b64encode(digest).decode()
    provider = ingest.as_identity(identity(org_id, "responses:write", kind="publishable_key"))
    return await provider.request("POST", source["inbound_path"], data=stream, headers=headers)


async def test_a_source_is_made_shown_changed_and_removed(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation, settings={"nps_field": "q", "unit": "North"})
    where = f"/v1/sources/{source['id']}"
    assert source["inbound_path"] == f"{where}/inbound"
    assert source["signed"] is True
    client = ingest.as_org(organisation)
    seen = await client.get(where)
    assert seen.json() == source
    assert SECRET.encode() not in seen.body
    stored = await rows(ingest, organisation, "SELECT secret FROM ingest.sources")
    assert SECRET.encode() not in stored[0]["secret"]
    changed = await client.patch(where, {"name": "Other", "signing_secret": None, "settings": {"touchpoint": "t"}})
    assert (changed.json()["name"], changed.json()["signed"]) == ("Other", False)
    assert changed.json()["settings"] == {"nps_field": None, "scales": {}, "unit": None, "touchpoint": "t"}
    assert [one["id"] for one in (await client.get("/v1/sources")).json()["data"]] == [source["id"]]
    assert (await client.delete(where)).status == 204
    for gone in (client.get(where), client.delete(where), client.patch(where, {"name": "x"})):
        assert (await gone).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {**SOURCE, "channel": "pigeon"},
        {**SOURCE, "signing_secret": "short"},
        {**SOURCE, "settings": {"unknown": 1}},
        {**SOURCE, "settings": {"scales": {"q": {"min": 5, "max": 1}}}},
        {"channel": "typeform"},
    ],
)
async def test_what_is_no_source_is_refused(ingest: RunningService, organisation: UUID, body: dict[str, Any]) -> None:
    answer = await ingest.as_org(organisation).post("/v1/sources", body)
    assert (answer.status, answer.code) == (422, "body_invalid")
    assert b"short" not in answer.body.replace(b"too_short", b"").replace(b"at least", b"")


async def test_a_change_says_what(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    for body in ({}, {"name": None}, {"settings": None}):
        answer = await ingest.as_org(organisation).patch(f"/v1/sources/{source['id']}", body)
        assert answer.status == 422


async def test_pages_of_sources(ingest: RunningService, organisation: UUID) -> None:
    made = [(await connected(ingest, organisation, name=f"s{n}"))["id"] for n in range(3)]
    client = ingest.as_org(organisation)
    first = (await client.get("/v1/sources", limit=2)).json()
    second = (await client.get("/v1/sources", limit=2, cursor=first["next_cursor"])).json()
    assert [one["id"] for one in first["data"] + second["data"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_a_signed_webhook_is_stored_once_and_may_be_revised(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    first = await sent(ingest, organisation, source, nps_webhook())
    assert (first.status, first.json()["status"]) == (202, "accepted")
    again = await sent(ingest, organisation, source, nps_webhook())
    assert (again.status, again.json()["status"]) == (200, "duplicate")
    assert again.json()["id"] == first.json()["id"]
    changed = await sent(ingest, organisation, source, nps_webhook(score=9))
    assert (changed.status, changed.json()["status"], changed.json()["revision"]) == (202, "revised", 2)
    stored = await feedback(ingest, organisation)
    assert [(row["source"], row["revision"], row["ratings"][0]["value"]) for row in stored] == [
        ("typeform-FORM01", 1, 2),
        ("typeform-FORM01", 2, 9),
    ]


async def test_what_was_left_out_is_said(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    answer = await sent(ingest, organisation, source, nps_webhook(hidden={"user_id": "xxxxx"}))
    assert answer.json()["notes"] == [{"pointer": "/form_response/hidden/user_id", "code": "placeholder_ignored"}]


@pytest.mark.parametrize("secret", [None, "another secret"])
async def test_a_forged_webhook_is_refused_before_it_is_read(
    ingest: RunningService, organisation: UUID, secret: str | None
) -> None:
    source = await connected(ingest, organisation)
    for document in (nps_webhook(), b"{not json"):
        answer = await sent(ingest, organisation, source, document, secret=secret)
        assert (answer.status, answer.code) == (401, "signature_invalid")
    assert await feedback(ingest, organisation) == []
    assert await rows(ingest, organisation, "SELECT id FROM ingest.quarantine") == []


async def test_a_new_secret_counts_at_once(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    changed = await ingest.as_org(organisation).patch(
        f"/v1/sources/{source['id']}", {"signing_secret": "the second secret"}
    )
    assert changed.status == 200
    assert (await sent(ingest, organisation, source, nps_webhook())).status == 401
    assert (await sent(ingest, organisation, source, nps_webhook(), secret="the second secret")).status == 202


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"\xff{", "body_not_json"),
        ({"event_type": "other"}, "not_a_form_response"),
        (nps_webhook(answers=[]), "not_storable"),
    ],
)
async def test_what_is_signed_but_not_understood_is_kept(
    ingest: RunningService, organisation: UUID, document: Any, reason: str
) -> None:
    source = await connected(ingest, organisation)
    answer = await sent(ingest, organisation, source, document)
    assert (answer.status, answer.json()["status"]) == (202, "quarantined")
    client = ingest.as_org(organisation)
    listed = (await client.get(f"/v1/sources/{source['id']}/quarantine")).json()["data"]
    raw = document if isinstance(document, bytes) else orjson.dumps(document)
    assert [(one["id"], one["reason"], one["size_bytes"]) for one in listed] == [
        (answer.json()["id"], reason, len(raw))
    ]
    assert [one["code"] for one in listed[0]["faults"]] == (["nothing_said"] if reason == "not_storable" else [])
    kept = (await rows(ingest, organisation, "SELECT body FROM ingest.quarantine"))[0]["body"]
    assert raw not in kept
    assert ingest.app.resources["vault"].open_bytes(kept) == raw
    assert (await client.delete(f"/v1/sources/{source['id']}")).status == 204
    assert await rows(ingest, organisation, "SELECT id FROM ingest.quarantine") == []


async def test_the_quarantine_keeps_the_newest(
    ingest: RunningService, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "QUARANTINE_MOST", 2)
    source = await connected(ingest, organisation)
    ids = [(await sent(ingest, organisation, source, b"%d" % n)).json()["id"] for n in range(4)]
    where = f"/v1/sources/{source['id']}/quarantine"
    first = (await ingest.as_org(organisation).get(where, limit=1)).json()
    second = (await ingest.as_org(organisation).get(where, limit=1, cursor=first["next_cursor"])).json()
    assert [one["id"] for one in first["data"] + second["data"]] == [ids[3], ids[2]]


async def test_an_unsigned_source_takes_feedback_but_trusts_and_keeps_nothing_else(
    ingest: RunningService, organisation: UUID
) -> None:
    signed = await connected(ingest, organisation)
    source = await connected(ingest, organisation, signing_secret=None)
    assert (await sent(ingest, organisation, source, nps_webhook(token="t2"), secret=None)).status == 202
    odd = await sent(ingest, organisation, source, {"event_type": "other"}, secret=None)
    assert (odd.status, odd.code) == (422, "body_invalid")
    assert (await sent(ingest, organisation, signed, nps_webhook())).status == 202
    rewritten = await sent(ingest, organisation, source, nps_webhook(score=10), secret=None)
    assert rewritten.json()["status"] == "duplicate"


async def test_only_who_may_and_only_one_s_own(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    where = f"/v1/sources/{source['id']}"
    reader = ingest.as_org(organisation, "sources:read")
    for refused in (reader.post("/v1/sources", SOURCE), reader.patch(where, {"name": "x"}), reader.delete(where)):
        assert (await refused).status == 403
    assert (await reader.post(f"{where}/inbound", {})).status == 403
    writer = ingest.as_org(organisation, "sources:write")
    for path in ("/v1/sources", where, f"{where}/quarantine"):
        assert (await writer.get(path)).status == 403
    other = new_id()
    stranger = ingest.as_org(other)
    for path in (where, f"{where}/quarantine"):
        assert (await stranger.get(path)).status == 404
    assert (await sent(ingest, other, source, nps_webhook())).status == 404
    assert (await stranger.delete(where)).status == 404
    assert (await stranger.get("/v1/sources")).json()["data"] == []


async def test_a_body_over_the_limit_is_refused(ingest: RunningService, organisation: UUID) -> None:
    source = await connected(ingest, organisation)
    answer = await sent(ingest, organisation, source, b" " * (reception.BODY_LIMIT + 1))
    assert (answer.status, answer.code) == (413, "body_too_large")
