"""Group commit: everybody is answered once, after the commit; a bad request fails alone; full means 503 at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_service.intake.batching import GroupCommit
from shared.contracts.problems import Code, Problem


@dataclass(frozen=True)
class Job:
    name: int
    records: int = 1
    poison: bool = False


class Store:
    """Commits in memory; can be held, and fails as told."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.committed: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failures: list[Exception] = []

    async def commit(self, jobs: Sequence[Job]) -> list[int | Exception]:
        self.groups.append([job.name for job in jobs])
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        if any(job.poison for job in jobs):
            raise ValueError("poison")
        self.committed += [job.name for job in jobs]
        return [job.name * 2 for job in jobs]


@asynccontextmanager
async def grouping(store: Store, **limits: Any) -> AsyncIterator[GroupCommit[Job, int]]:
    group: GroupCommit[Job, int] = GroupCommit(store.commit, on_group=lambda _: None, **limits)
    try:
        yield group
    finally:
        store.open.set()
        await group.close()


async def started(store: Store, groups: int) -> None:
    """Until `groups` commits have begun."""
    while len(store.groups) < groups:
        await asyncio.sleep(0)


async def test_what_gathers_during_a_commit_is_committed_together() -> None:
    store = Store()
    async with grouping(store, flushers=1) as group:
        store.open.clear()
        first = asyncio.create_task(group.submit(Job(0)))
        await started(store, 1)
        rest = [asyncio.create_task(group.submit(Job(name))) for name in range(1, 8)]
        await asyncio.sleep(0)
        store.open.set()
        assert await asyncio.gather(first, *rest) == [name * 2 for name in range(8)]
    assert store.groups == [[0], [1, 2, 3, 4, 5, 6, 7]]


async def test_a_group_holds_no_more_records_than_allowed_but_always_one_request() -> None:
    store = Store()
    async with grouping(store, flushers=1, group_records=10) as group:
        jobs = [Job(0, 4), Job(1, 4), Job(2, 4), Job(3, 50), Job(4)]
        await asyncio.gather(*(group.submit(job) for job in jobs))
    assert store.groups == [[0, 1], [2], [3], [4]]


async def test_a_bad_request_fails_alone() -> None:
    store = Store()
    async with grouping(store, flushers=1) as group:
        jobs = [Job(0), Job(1, poison=True), Job(2)]
        answers = await asyncio.gather(*(group.submit(job) for job in jobs), return_exceptions=True)
    assert answers[0] == 0
    assert answers[2] == 4
    assert isinstance(answers[1], ValueError)
    assert sorted(store.committed) == [0, 2]


async def test_a_deadlock_is_tried_again_together() -> None:
    store = Store()
    store.failures = [asyncpg.DeadlockDetectedError("deadlock")]
    async with grouping(store, flushers=1) as group:
        assert await asyncio.gather(*(group.submit(Job(name)) for name in range(3))) == [0, 2, 4]
    assert store.groups == [[0, 1, 2], [0, 1, 2]]


async def test_while_the_database_is_away_nobody_is_tried_alone() -> None:
    store = Store()
    store.failures = [ConnectionRefusedError()]
    async with grouping(store, flushers=1) as group:
        answers = await asyncio.gather(*(group.submit(Job(name)) for name in range(3)), return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, Problem)] == [Code.DATABASE_UNAVAILABLE] * 3
    assert len(store.groups) == 1


async def test_a_full_queue_refuses_at_once() -> None:
    store = Store()
    async with grouping(store, flushers=1, queue_records=5) as group:
        store.open.clear()
        busy = asyncio.create_task(group.submit(Job(0)))
        await started(store, 1)
        waiting = [asyncio.create_task(group.submit(Job(name, 2))) for name in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await group.submit(Job(3, 2))
        assert refused.value.status == 503
        assert "retry-after" in refused.value.headers
        store.open.set()
        assert await asyncio.gather(busy, *waiting) == [0, 2, 4]
        assert await group.submit(Job(3, 2)) == 6


async def test_a_batch_larger_than_the_queue_is_taken_when_nothing_waits() -> None:
    store = Store()
    async with grouping(store, queue_records=5) as group:
        assert await group.submit(Job(1, 10_000)) == 2


async def test_who_leaves_before_his_turn_is_not_stored() -> None:
    store = Store()
    async with grouping(store, flushers=1) as group:
        store.open.clear()
        busy = asyncio.create_task(group.submit(Job(0)))
        await started(store, 1)
        gone = asyncio.create_task(group.submit(Job(1)))
        stays = asyncio.create_task(group.submit(Job(2)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        store.open.set()
        assert list(await asyncio.gather(busy, stays)) == [0, 4]
    assert sorted(store.committed) == [0, 2]


async def test_who_leaves_during_his_commit_harms_nobody() -> None:
    store = Store()
    async with grouping(store, flushers=1) as group:
        store.open.clear()
        gone = asyncio.create_task(group.submit(Job(0)))
        await started(store, 1)
        gone.cancel()
        await asyncio.sleep(0)
        store.open.set()
        assert await group.submit(Job(1)) == 2
    assert store.committed == [0, 1]


async def test_closing_finishes_what_waits_and_takes_nothing_more() -> None:
    store = Store()
    async with grouping(store, flushers=1) as group:
        store.open.clear()
        tasks = [asyncio.create_task(group.submit(Job(name))) for name in range(5)]
        await started(store, 1)
        closing = asyncio.create_task(group.close())
        await asyncio.sleep(0)
        with pytest.raises(Problem):
            await group.submit(Job(9))
        store.open.set()
        await closing
        assert [task.result() for task in tasks] == [0, 2, 4, 6, 8]


_jobs = st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(_jobs, st.integers(1, 3), st.integers(1, 40), st.integers(10, 200))
def test_everyone_is_answered_rightly_whatever_the_company(
    shapes: list[tuple[int, bool, bool]], flushers: int, group_records: int, queue_records: int
) -> None:
    """Jobs of any size, poisonous or not, arriving together or one after another."""

    async def play() -> None:
        store = Store()
        limits = {"flushers": flushers, "group_records": group_records, "queue_records": queue_records}
        async with grouping(store, **limits) as group:
            tasks = []
            for name, (records, poison, pause) in enumerate(shapes):
                tasks.append(asyncio.create_task(group.submit(Job(name, records, poison))))
                if pause:
                    await asyncio.sleep(0)
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        acknowledged = []
        for name, ((_, poison, _), answer) in enumerate(zip(shapes, answers, strict=True)):
            if isinstance(answer, Problem):
                assert answer.code is Code.OVERLOADED
            elif poison:
                assert isinstance(answer, ValueError)
            else:
                assert answer == name * 2
                acknowledged.append(name)
        assert sorted(store.committed) == acknowledged

    asyncio.run(play())
