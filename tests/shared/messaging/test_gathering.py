"""What gathers while a listener is busy becomes one batch; nothing is lost, doubled, or kept waiting on purpose."""

from __future__ import annotations

import asyncio
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.foundation.ids import new_id
from shared.messaging.gathering import GATHERED_MOST, PER_LISTENER, Gathering, Ref
from shared.messaging.jobs import BATCH

ORG = new_id()


def refs(count: int) -> list[Ref]:
    return [(ORG, new_id()) for _ in range(count)]


class Handler:
    """Keeps what it is given; waits until `go` is set."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[Ref]]] = []
        self.go = asyncio.Event()

    async def __call__(self, listener: str, batch: list[Ref]) -> None:
        self.batches.append((listener, batch))
        await self.go.wait()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_idle_listener_starts_at_once_and_what_arrives_meanwhile_is_one_batch() -> None:
    handler = Handler()
    gathering = Gathering(handler)
    for _ in range(PER_LISTENER + 40):
        await gathering.add("loop.rules", refs(1))
        await settle()
    assert [len(batch) for _, batch in handler.batches] == [1] * PER_LISTENER
    handler.go.set()
    await gathering.stop(within_s=5)
    assert [len(batch) for _, batch in handler.batches] == [1] * PER_LISTENER + [40]


async def test_a_busy_listener_does_not_hold_up_another() -> None:
    handler = Handler()
    gathering = Gathering(handler)
    for _ in range(10):
        await gathering.add("loop.rules", refs(1))
    await gathering.add("loop.webhooks", refs(1))
    await settle()
    assert "loop.webhooks" in {listener for listener, _ in handler.batches}
    handler.go.set()
    await gathering.stop(within_s=5)


async def test_what_may_kill_a_worker_travels_alone() -> None:
    handler = Handler()
    gathering = Gathering(handler)
    suspects = refs(2)
    for suspect in suspects:
        await gathering.add("loop.rules", refs(1))
        await gathering.add("loop.rules", [suspect], alone=True)
        await gathering.add("loop.rules", refs(1))
    handler.go.set()
    await gathering.stop(within_s=5)
    for suspect in suspects:
        assert [batch for _, batch in handler.batches if suspect in batch] == [[suspect]]


async def test_who_brings_too_much_waits_for_room() -> None:
    handler = Handler()
    gathering = Gathering(handler)
    for _ in range(PER_LISTENER):
        await gathering.add("loop.rules", refs(BATCH))
        await settle()
    for _ in range(GATHERED_MOST // BATCH):
        await gathering.add("loop.rules", refs(BATCH))
    late = asyncio.create_task(gathering.add("loop.rules", refs(1)))
    await settle()
    assert not late.done()
    handler.go.set()
    await late
    await gathering.stop(within_s=5)
    assert sum(len(batch) for _, batch in handler.batches) == (PER_LISTENER + 2) * BATCH + 1


async def test_stopping_is_bounded() -> None:
    handler = Handler()
    gathering = Gathering(handler)
    await gathering.add("loop.rules", refs(1))
    await gathering.stop(within_s=0.05)
    assert len(handler.batches) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a.a", "a.b"]), st.integers(1, 400), st.booleans()), max_size=30))
def test_each_reference_is_handled_once_in_batches_of_one_listener(brought: list[tuple[str, int, bool]]) -> None:
    async def bring() -> None:
        handled: dict[UUID, str] = {}
        sent: dict[UUID, str] = {}

        async def handle(listener: str, batch: list[Ref]) -> None:
            assert len(batch) <= BATCH
            for _, event_id in batch:
                assert event_id not in handled
                handled[event_id] = listener
            await asyncio.sleep(0)

        gathering = Gathering(handle)
        for listener, count, alone in brought:
            some = refs(count)
            sent.update((event_id, listener) for _, event_id in some)
            await gathering.add(listener, some, alone=alone)
            await gathering.add(listener, some[:0], alone=alone)
        await gathering.stop(within_s=5)
        assert handled == sent

    asyncio.run(bring())
