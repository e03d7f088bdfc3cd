"""Transactions: bound to their organisations, committed once, never leaking into the next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from shared.contracts.envelope import event
from shared.contracts.problems import Code, Problem
from shared.database.engine import Database
from shared.foundation.ids import new_id
from shared.messaging import publish
from tests.support.servers import Servers


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Database]:
    connected = await Database.connect(servers.database_url, role="cxloop_ingest", pool_size=4)
    yield connected
    await connected.close()


async def write(database: Database, org_id: UUID) -> None:
    async with database.batch([org_id]) as batch:
        await publish(batch, [event(org_id, "FeedbackReceived", {"n": 1}, publisher="ingest")])


async def test_both_doors_see_their_organisation_only(database: Database) -> None:
    mine, other = new_id(), new_id()
    await write(database, mine)
    await write(database, other)
    async with database.transaction(mine) as tx:
        plain = await tx.session.connection()
        rows = (await plain.execute(text("SELECT org_id FROM messaging.events"))).scalars().all()
    assert set(rows) == {mine}
    async with database.batch([mine]) as batch:
        assert {row["org_id"] for row in await batch.conn.fetch("SELECT org_id FROM messaging.events")} == {mine}
    async with database.batch([]) as batch:
        assert await batch.conn.fetch("SELECT org_id FROM messaging.events") == []


async def test_a_row_of_another_organisation_cannot_be_written(database: Database) -> None:
    mine, other = new_id(), new_id()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.batch([mine]) as batch:
            await publish(batch, [event(other, "FeedbackReceived", {}, publisher="ingest")])


async def test_a_failed_block_leaves_nothing_and_announces_nothing(database: Database) -> None:
    mine = new_id()
    heard: list[object] = []
    database.after_commit.append(heard.append)

    async def fail() -> None:
        async with database.batch([mine]) as batch:
            await publish(batch, [event(mine, "FeedbackReceived", {}, publisher="ingest")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.transaction(mine) as tx:
        await publish(tx, [event(mine, "FeedbackReceived", {}, publisher="ingest")])
        assert heard == []
    assert len(heard) == 1
    async with database.batch([mine]) as batch:
        assert await batch.conn.fetchval("SELECT count(*) FROM messaging.events") == 1


async def test_random_interleavings_with_cancellations_never_show_a_foreign_row(database: Database) -> None:
    orgs = [new_id() for _ in range(6)]
    for org_id in orgs:
        await write(database, org_id)
    rng = random.Random(7)
    foreign = seen = 0

    async def read(org_id: UUID) -> None:
        nonlocal foreign, seen
        try:
            async with database.batch([org_id]) as batch:
                rows = await batch.conn.fetch("SELECT org_id FROM messaging.events")
        except Problem:
            return
        seen += len(rows)
        foreign += sum(row["org_id"] != org_id for row in rows)

    for _ in range(60):
        tasks = [asyncio.create_task(read(rng.choice(orgs))) for _ in range(10)]
        await asyncio.sleep(rng.random() * 0.004)
        for task in rng.sample(tasks, 3):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert seen > 200
    assert foreign == 0


async def test_a_server_that_is_away_is_a_503_not_a_hang() -> None:
    away = await Database.connect("postgresql://nobody@127.0.0.1:1/none", role=None, pool_size=2)
    with pytest.raises(Problem) as refused:
        await away.ping()
    assert refused.value.code is Code.DATABASE_UNAVAILABLE
    await away.close()
