"""The doors of the intake, from outside, on real servers."""

from __future__ import annotations

import asyncio
from uuid import UUID

import orjson

from tests.support.api import Api
from tests.support.services import RunningService, identity

NPS = {"channel": "web", "ratings": [{"metric": "nps", "value": 9}], "text": "Fine."}


async def rows(ingest: RunningService, org_id: UUID, sql: str) -> list[dict[str, object]]:
    """Rows of this organisation, read as the service may read them."""
    async with ingest.database.batch([org_id]) as batch:
        return [dict(row) for row in await batch.conn.fetch(sql)]


async def events(ingest: RunningService, org_id: UUID) -> list[dict[str, object]]:
    """Published events of the organisation, in order."""
    return await rows(ingest, org_id, "SELECT id, name, data, trace FROM messaging.events ORDER BY published_at, id")


async def test_feedback_is_accepted_after_commit(ingest: RunningService, organisation: UUID) -> None:
    answer = await ingest.as_org(organisation).post("/v1/feedback", NPS)
    assert answer.status == 202, answer.body
    told = answer.json()
    where = f"/v1/feedback/{told['id']}"
    assert told == {
        "id": told["id"],
        "status": "accepted",
        "revision": 1,
        "links": {"self": where, "trace": f"{where}/trace"},
    }
    [stored] = await rows(ingest, organisation, "SELECT * FROM ingest.feedback")
    assert str(stored["id"]) == told["id"]
    assert stored["source"] == "web"
    [published] = await events(ingest, organisation)
    assert published["id"] == stored["id"]
