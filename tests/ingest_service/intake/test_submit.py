"""The write path when many processes meet on the same rows: no deadlock, no lost voice, no voice twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from random import Random
from typing import Any
from uuid import UUID

import pytest

from ingest_service.intake.preparation import Origin, Prepared, prepare
from ingest_service.intake.submit import Stored, store
from shared.database import Database
from shared.foundation.clock import now
from tests.ingest_service.stored import events, feedback, rows
from tests.support.servers import Servers
from tests.support.services import RunningService


def submission(random: Random, origin: Origin) -> Prepared:
    """A record that is likely to meet others: on its id, its content, its customer's identities."""
    customer: dict[str, Any] = {"external_id": f"c-{random.randrange(8)}"}
    if random.random() < 0.5:
        customer["email"] = f"c{random.randrange(8)}@example.org"
    if random.random() < 0.2:
        del customer["external_id"]
        customer.setdefault("phone", f"+4930901820{random.randrange(8)}")
    if random.random() < 0.5:
        customer["attributes"] = {"plan": random.choice("abc")}
    body = {
        "channel": "web",
        "text": random.choice(["Fine.", "Bad.", "Hm."]),
        "submission_id": f"s-{random.randrange(30)}",
        "customer": customer,
    }
    return prepare(body, origin)


@pytest.mark.parametrize("seed", range(3))
async def test_transactions_that_meet_never_wait_in_a_circle(
    servers: Servers, ingest: RunningService, organisation: UUID, seed: int
) -> None:
    random = Random(seed)
    origin = Origin(organisation, now())
    database = await Database.connect(servers.database_url, role="cxloop_ingest", pool_size=16)
    outcomes: dict[UUID, list[Stored]] = defaultdict(list)

    async def work() -> None:
        for _ in range(10):
            records = [submission(random, origin) for _ in range(random.randrange(1, 25))]
            async with database.batch([organisation]) as batch:
                results = await store(batch, records)
            for one in results:
                outcomes[one.id].append(one)

    try:
        await asyncio.gather(*(work() for _ in range(8)))
    finally:
        await database.close()
    stored = await feedback(ingest, organisation)
    published = await events(ingest, organisation)
    known = await rows(ingest, organisation, "SELECT * FROM ingest.submissions")
    assert len(known) == len(outcomes) <= 30
    revisions = defaultdict(list)
    for row in stored:
        revisions[row["id"]].append(row["revision"])
    for row in known:
        assert revisions[row["feedback_id"]] == list(range(1, row["revision"] + 1))
        told = [one for one in outcomes[row["feedback_id"]] if one.status != "duplicate"]
        assert sorted(one.revision for one in told) == revisions[row["feedback_id"]]
    assert len(published) == len(stored)
    owners = await rows(ingest, organisation, "SELECT * FROM ingest.identities")
    customers = {row["id"] for row in await rows(ingest, organisation, "SELECT id FROM ingest.customers")}
    assert {row["customer_id"] for row in owners} <= customers
    assert {row["customer_id"] for row in stored} <= customers


async def test_records_of_one_batch_see_one_another(ingest: RunningService, organisation: UUID) -> None:
    origin = Origin(organisation, now())
    texts = ["A", "A", "B", "A", "A"]
    records = [prepare({"channel": "web", "text": text, "submission_id": "s"}, origin) for text in texts]
    async with ingest.database.batch([organisation]) as batch:
        results = await store(batch, records)
    assert [(one.status, one.revision) for one in results] == [
        ("accepted", 1),
        ("duplicate", 1),
        ("revised", 2),
        ("revised", 3),
        ("duplicate", 3),
    ]
    assert [row["text"] for row in await feedback(ingest, organisation)] == ["A", "B", "A"]


async def test_nothing_to_store_is_nothing(ingest: RunningService, organisation: UUID) -> None:
    async with ingest.database.batch([organisation]) as batch:
        assert await store(batch, []) == []
