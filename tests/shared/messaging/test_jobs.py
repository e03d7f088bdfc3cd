"""Wake-ups: what is due reaches its listener's queue once, in few jobs, and suspects travel alone."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest
from arq.connections import ArqRedis

from shared.database.engine import Published
from shared.foundation.ids import new_id
from shared.messaging.jobs import BATCH, JOB, deserialize, enqueue, queue_key, serialize, unpack

ORG = new_id()


class Queue:
    """Keeps what is enqueued."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, list[tuple[str, list[tuple[UUID, UUID]]]], bool]] = []

    async def enqueue_job(self, name: str, payload: dict[str, Any], *, _queue_name: str, _expires: float) -> None:
        assert name == JOB
        parts, alone = unpack(deserialize(serialize(payload)))
        self.jobs.append((_queue_name, parts, alone))


def due(listener: str, count: int) -> list[Published]:
    return [Published(listener, ORG, new_id()) for _ in range(count)]


async def sent(published: list[Published], *, alone: bool = False) -> Queue:
    queue = Queue()
    await enqueue(cast(ArqRedis, queue), published, alone=alone)
    brought = [Published(listener, *ref) for _, parts, _ in queue.jobs for listener, refs in parts for ref in refs]
    assert sorted(brought, key=repr) == sorted(published, key=repr)
    return queue


async def test_listeners_of_a_queue_share_a_job_while_few_are_due() -> None:
    queue = await sent(due("loop.webhooks", 3) + due("ingest.customers", 3) + due("loop.notifications", 3))
    assert sorted((name, len(parts)) for name, parts, _ in queue.jobs) == [
        (queue_key("ingest"), 1),
        (queue_key("loop"), 2),
    ]


@pytest.mark.parametrize("count", [BATCH, BATCH + 1, 3 * BATCH])
async def test_no_job_brings_more_than_a_batch(count: int) -> None:
    queue = await sent(due("loop.webhooks", count) + due("loop.notifications", 1))
    assert all(sum(len(refs) for _, refs in parts) <= BATCH for _, parts, _ in queue.jobs)


async def test_what_may_kill_a_worker_has_a_job_to_itself() -> None:
    queue = await sent(due("loop.webhooks", 3) + due("loop.rules", 2), alone=True)
    assert [(len(parts), len(parts[0][1]), alone) for _, parts, alone in queue.jobs] == [(1, 1, True)] * 5


@pytest.mark.parametrize("payload", [{}, {"parts": [["a"]], "alone": False}, {"parts": [["a", [["x", "y"]]]]}])
def test_anything_else_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        unpack(payload)
