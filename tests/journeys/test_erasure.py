"""A person is forgotten: after one call no table of any schema holds his words or names, and no figure has moved."""

from __future__ import annotations

from typing import Any

import asyncpg

from tests.loop_service.outside import MailSink, Receiver
from tests.support.drain import until
from tests.support.stack import RunningStack, Tenant

CANARY = "xylophonic-canary"
EMAIL = f"{CANARY}@example.org"
UNIT = "South"

COLUMNS = """
SELECT c.table_schema || '.' || quote_ident(c.table_name) AS name, quote_ident(c.column_name) AS column, c.data_type
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_type = 'BASE TABLE' AND c.table_schema IN ('gateway', 'ingest', 'analysis', 'loop', 'messaging')
  AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'uuid', 'ARRAY')
"""


def said(number: int, **more: Any) -> dict[str, Any]:
    return {
        "channel": "email",
        "source": "after-delivery",
        "submission_id": f"order-{number}",
        "unit": UNIT,
        "customer": {"external_id": f"{CANARY}-id", "email": EMAIL, "name": CANARY, "attributes": {"nick": CANARY}},
        "ratings": [{"metric": "nps", "value": number}],
        "text": f"Two weeks late and the staff was rude, says {CANARY} number {number}.",
        "title": f"{CANARY} is angry",
        "attributes": {"remark": CANARY},
        **more,
    }


async def places(database_url: str, needle: str) -> list[str]:
    """Every column of every table that holds `needle`, whatever organisation."""
    conn = await asyncpg.connect(database_url)
    try:
        columns = await conn.fetch(COLUMNS)
        assert len(columns) > 100
        found = []
        for name, column, kind in columns:
            text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            if await conn.fetchval(f"SELECT true FROM {name} WHERE position($1 IN {text}) > 0 LIMIT 1", needle):
                found.append(f"{name}.{column}")
        return found
    finally:
        await conn.close()


async def figures(tenant: Tenant) -> dict[str, Any]:
    """Values, counts and intervals; who is anonymous, and the window that ends now, may change."""
    found = {}
    for metric in ("nps", "volume", "sentiment"):
        total = (await tenant.api.get(f"/v1/metrics/{metric}", interval="total")).json()["total"]
        found[metric] = {
            name: value for name, value in total.items() if name not in ("n_customers", "n_anonymous", "start", "end")
        }
    return found


async def test_a_person_is_forgotten_everywhere_and_no_figure_moves(
    stack: RunningStack, tenant: Tenant, outside: tuple[Receiver, MailSink]
) -> None:
    api, url = tenant.api, stack.servers.database_url
    receiver, _ = outside
    box = f"erase-{tenant.org_id}"
    hook = {"url": receiver.url(box), "events": ["case.opened", "feedback.analyzed"]}
    assert (await api.post("/v1/webhook-endpoints", hook)).status == 201
    sent = [(await api.post("/v1/feedback", said(number))).json()["id"] for number in (1, 2, 9)]
    await api.post("/v1/feedback", said(2, text=f"Still late, {CANARY}."))  # a revision
    await api.post("/v1/feedback", said(10, customer={"external_id": "other"}, text="Fine.", title=None, attributes={}))
    await tenant.drained()

    async def told() -> bool:
        return len(receiver.at(box)) >= len(sent) + 2

    await until(told, what="the webhooks")
    customer_id = (await api.get("/v1/customers", email=EMAIL)).json()["data"][0]["id"]
    cases = (await api.get("/v1/cases", customer_id=customer_id)).json()["data"]
    assert len(cases) == 2
    before = await figures(tenant)
    held = await places(url, CANARY)
    assert {"ingest.feedback.text", "analysis.records.text", "messaging.events.data"} <= set(held)
    assert "loop.webhook_messages.body" in held

    other = await stack.tenant()
    assert (await other.api.delete(f"/v1/customers/{customer_id}")).status == 404
    assert (await api.get(f"/v1/customers/{customer_id}")).status == 200

    erased = await api.delete(f"/v1/customers/{customer_id}")
    assert erased.status == 202, erased.body
    assert erased.json()["erased"]["feedback"] == 3
    assert erased.json()["erased"]["identities"] == 2
    await tenant.drained()

    async def gone() -> bool:
        return await places(url, CANARY) == []

    await until(gone, what="the words to be gone from every table")
    assert set(await places(url, customer_id)) == {"ingest.erasures.customer_id", "messaging.events.data"}
    assert await figures(tenant) == before
    volume = (await api.get("/v1/metrics/volume", interval="total")).json()["total"]
    assert (volume["n"], volume["n_customers"], volume["n_anonymous"]) == (4, 1, 3)
    assert (await api.get(f"/v1/customers/{customer_id}")).status == 404
    listed = {one["id"]: one for one in (await api.get("/v1/feedback")).json()["data"]}
    assert len(listed) == 4
    for feedback_id in sent:
        record = listed[feedback_id]
        assert (record["text"], record["title"], record["customer_id"], record["terms"]) == (None, None, None, [])
        assert (record["unit"], record["attributes"], len(record["ratings"])) == (UNIT, {}, 1)
        assert (await api.get(f"/v1/feedback/{feedback_id}/trace")).status == 200
    case = (await api.get(f"/v1/cases/{cases[0]['id']}")).json()
    assert case["customer_id"] is None

    for again in (said(1), said(2, text=f"Once more, {CANARY}.")):
        replayed = (await api.post("/v1/feedback", again)).json()
        assert (replayed["status"], replayed["id"]) == ("duplicate", sent[said(1) != again])
    assert (await api.delete(f"/v1/customers/{customer_id}")).json() == erased.json()
    await tenant.drained()
    assert await places(url, CANARY) == []
    assert await figures(tenant) == before
