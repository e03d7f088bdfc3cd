"""A Typeform response through the gateway, with nothing but the address: signed it counts, once; forged it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

from tests.ingest_service.channels.typeform_documents import nps_webhook
from tests.support.api import Answer
from tests.support.stack import SHOP_ORIGIN, RunningStack, Tenant

SECRET = "the secret at the form"


async def call(stack: RunningStack, path: str, key: str, document: Any, secret: str, **headers: str) -> Answer:
    """As Typeform calls: no header of ours, an address with the publishable key."""
    body = orjson.dumps(document)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    signature = "sha256=" + base64.b64encode(digest).decode()
    return await stack.client(**headers).request(
        "POST", f"{path}?key={key}", data=body, headers={"Typeform-Signature": signature}
    )


async def connected(tenant: Tenant) -> str:
    made = await tenant.api.post(
        "/v1/sources", {"channel": "typeform", "name": "Form", "signing_secret": SECRET, "settings": {"unit": "North"}}
    )
    assert made.status == 201, made.body
    path: str = made.json()["inbound_path"]
    return path


async def test_a_signed_response_is_understood_and_counts_once(stack: RunningStack, tenant: Tenant) -> None:
    path = await connected(tenant)
    document = nps_webhook(score=2, hidden={"customer_id": "c-1"})
    first = await call(stack, path, tenant.publishable_key, document, SECRET)
    assert first.status == 202, first.body
    again = await call(stack, path, tenant.publishable_key, document, SECRET)
    assert (again.status, again.json()["id"]) == (200, first.json()["id"])
    await tenant.drained()
    record = (await tenant.api.get(f"/v1/feedback/{first.json()['id']}")).json()
    assert (record["channel"], record["source"], record["unit"]) == ("typeform", "typeform-FORM01", "North")
    assert record["sentiment"]["label"] == "negative"
    nps = (await tenant.api.get("/v1/metrics/nps", interval="total")).json()["total"]
    assert (nps["n"], nps["n_customers"], nps["value"]) == (1, 1, -100.0)
    changed = await call(stack, path, tenant.publishable_key, nps_webhook(score=10), SECRET)
    assert changed.json()["status"] == "revised"
    await tenant.drained()
    nps = (await tenant.api.get("/v1/metrics/nps", interval="total")).json()["total"]
    assert (nps["n"], nps["value"]) == (1, 100.0)


async def test_what_is_forged_or_of_others_is_refused(stack: RunningStack, tenant: Tenant) -> None:
    path = await connected(tenant)
    forged = await call(stack, path, tenant.publishable_key, nps_webhook(), "a guess at it")
    assert (forged.status, forged.code) == (401, "signature_invalid")
    other = await stack.tenant()
    foreign = await call(stack, path, other.publishable_key, nps_webhook(), SECRET)
    assert (foreign.status, foreign.code) == (404, "not_found")
    keyless = await call(stack, path, "", nps_webhook(), SECRET)
    assert (keyless.status, keyless.code) == (401, "key_missing")
    secret_key = await call(stack, path, tenant.secret_key, nps_webhook(), SECRET)
    assert (secret_key.status, secret_key.code) == (403, "scope_missing")
    page = await call(stack, path, tenant.publishable_key, nps_webhook(), SECRET, origin=SHOP_ORIGIN)
    assert (page.status, page.code) == (403, "origin_refused")
    assert "access-control-allow-origin" not in page.headers
    assert (await tenant.api.get("/v1/feedback")).json()["data"] == []
