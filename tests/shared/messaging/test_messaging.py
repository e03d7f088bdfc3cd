"""The whole way of an event: published, relayed, claimed once; poisoned, bisected, dead, replayed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from local_stack import dead_letters
from shared.contracts import topology
from shared.contracts.envelope import Event, event
from shared.database.engine import Database
from shared.foundation.ids import new_id
from shared.messaging import Handling, Permanent, publish, registry, retry
from shared.messaging.jobs import connect, enqueue
from shared.messaging.worker import QueueWorker
from tests.support.drain import drained, until
from tests.support.servers import Servers, running_servers

SEEN: list[tuple[UUID, dict[str, object]]] = []
BATCHES: list[int] = []


async def handler(events: list[Event], handling: Handling) -> None:
    """Counts effects; events marked poison fail always, those marked hopeless for good."""
    BATCHES.append(len(events))
    for one in events:
        if one.data.get("hopeless"):
            raise Permanent("told so")
        if one.data.get("poison"):
            raise ValueError("secret words of a customer")
    async with handling.claim(events) as (_batch, claimed):
        SEEN.extend((one.id, one.data) for one in claimed)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Servers of these tests' own: their worker must not take what other tests left on the queue."""
    with running_servers() as running:
        yield running


@pytest.fixture
async def wired(
    servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Database, QueueWorker]]:
    """A publisher as `ingest`, a worker on `loop` with the handler above."""
    monkeypatch.setitem(topology.LISTENERS, "Tested", ("loop.tested",))
    monkeypatch.setitem(registry.HANDLERS, ("loop.tested", "Tested"), handler)
    monkeypatch.setattr(retry, "RETRY_AFTER_S", (0.1, 0.1))
    monkeypatch.setattr(registry, "TIMERS", [])
    SEEN.clear()
    BATCHES.clear()
    publisher = await Database.connect(servers.database_url, role="cxloop_ingest", pool_size=4)
    listener = await Database.connect(servers.database_url, role="cxloop_loop", pool_size=4)
    worker = QueueWorker("loop", servers.redis_url, listener)
    await worker.start()
    yield publisher, worker
    await worker.stop()
    await publisher.close()
    await listener.close()


def made(org_id: UUID, **data: object) -> Event:
    return event(org_id, "Tested", data, publisher="ingest")


async def test_an_event_is_handled_once_however_often_it_is_sent(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker]
) -> None:
    database, _ = wired
    events = [made(organisation, n=n) for n in range(50)]
    async with database.batch([organisation]) as batch:
        await publish(batch, events)
        published = list(batch.published)
    redis = await connect(servers.redis_url)
    for _ in range(3):
        await enqueue(redis, published)
    await drained(servers.database_url, organisation)
    await redis.aclose(close_connection_pool=True)
    assert sorted(str(one) for one, _ in SEEN) == sorted(str(one.id) for one in events)


async def test_a_lost_wake_up_is_found_by_the_sweeper(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = wired
    monkeypatch.setattr("shared.messaging.publishing.LEASE_S", 0.2)
    async with database.batch([organisation]) as batch:
        await publish(batch, [made(organisation)])
    await drained(servers.database_url, organisation)
    assert len(SEEN) == 1


async def test_a_poisonous_event_stands_alone_and_its_neighbours_go_through(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker]
) -> None:
    database, _ = wired
    events = [made(organisation, n=n, poison=n == 13) for n in range(32)]
    async with database.batch([organisation]) as batch:
        await publish(batch, events)
        published = list(batch.published)
    redis = await connect(servers.redis_url)
    await enqueue(redis, published)
    await redis.aclose(close_connection_pool=True)
    await drained(servers.database_url, organisation)
    assert len(SEEN) == 31
    operator = await Database.connect(servers.database_url, role=None, pool_size=2)
    dead = [one for one in await dead_letters.listed(operator, state="dead") if one["org_id"] == organisation]
    assert [one["event_id"] for one in dead] == [events[13].id]
    assert dead[0]["attempt"] == 3
    assert "secret" not in dead[0]["last_error"]
    assert dead[0]["last_error"].startswith("ValueError at ")
    shown = await dead_letters.shown(operator, events[13].id)
    assert shown[0]["data"] == {"n": 13, "poison": True}
    assert await dead_letters.replay(operator, [events[13].id]) == 1
    await drained(servers.database_url, organisation)
    await operator.close()


async def test_a_permanent_failure_is_dead_at_once(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, _ = wired
    monkeypatch.setattr("shared.messaging.publishing.LEASE_S", 0.1)
    async with database.batch([organisation]) as batch:
        await publish(batch, [made(organisation, hopeless=True)])
    await drained(servers.database_url, organisation)
    operator = await Database.connect(servers.database_url, role=None, pool_size=2)
    dead = [one for one in await dead_letters.listed(operator, state="dead") if one["org_id"] == organisation]
    await operator.close()
    assert [(one["attempt"], one["last_error"]) for one in dead] == [(1, "Permanent: told so")]


async def test_a_job_that_is_a_pickle_is_refused_and_does_not_run(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    from arq.connections import RedisSettings, create_pool

    database, _ = wired
    pickling = await create_pool(RedisSettings.from_dsn(servers.redis_url))
    await pickling.enqueue_job("handle", {"listener": "loop.tested", "refs": []}, _queue_name="cxloop:queue:loop")
    monkeypatch.setattr("shared.messaging.publishing.LEASE_S", 0.2)
    async with database.batch([organisation]) as batch:
        await publish(batch, [made(organisation)])
    await drained(servers.database_url, organisation)

    async def gone() -> bool:
        return bool(await pickling.zcard("cxloop:queue:loop") == 0)

    await until(gone, what="the refused job leaving the queue")
    await pickling.aclose(close_connection_pool=True)
    assert len(SEEN) == 1


async def test_a_service_cannot_publish_as_another_nor_settle_what_is_not_its_own(
    servers: Servers, organisation: UUID, wired: tuple[Database, QueueWorker]
) -> None:
    import asyncpg

    database, _ = wired
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.batch([organisation]) as batch:
            await publish(batch, [event(organisation, "Tested", {}, publisher="loop")])
    async with database.batch([organisation]) as batch:
        await publish(batch, [made(organisation)])
        status = await batch.conn.execute(
            "UPDATE messaging.deliveries SET state = 'done' WHERE org_id = $1", organisation
        )
        assert status == "UPDATE 0"
    other = new_id()
    async with database.batch([other]) as batch:
        assert await batch.conn.fetchval("SELECT count(*) FROM messaging.events") == 0
