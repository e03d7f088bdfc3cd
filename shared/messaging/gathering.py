"""Group commit for handlers: wake-ups that wait for the same listener are handled as one batch.

A batch of one costs nearly what a batch of a hundred costs (reads, claim, commit), and single submissions make
wake-ups of one reference. So while a listener is busy, what arrives for it gathers, and its next batch takes all of
it. Nothing waits on purpose: an idle listener starts at once. What is gathered is in this process only; when it
dies, the sweeper sends it again like anything else that is not settled.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.messaging.jobs import BATCH

Ref = tuple[UUID, UUID]
"""(organisation, event)."""

TOGETHER = 4
"""Batches at once in a process: they share its few database connections."""
PER_LISTENER = 2
"""Batches at once of one listener: while one waits for its commit, another one computes."""
GATHERED_MOST = 2 * BATCH
"""References that gather for a listener before whoever brings more has to wait."""


class _WakeUp(NamedTuple):
    refs: Sequence[Ref]
    alone: bool


class Gathering:
    """Calls `handle(listener, refs)`, which must not raise, with as many references as have gathered."""

    def __init__(self, handle: Callable[[str, list[Ref]], Awaitable[None]]) -> None:
        self._handle = handle
        self._waiting: dict[str, deque[_WakeUp]] = defaultdict(deque)
        self._taken: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._running: dict[str, int] = defaultdict(int)
        self._room = asyncio.Semaphore(TOGETHER)
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, listener: str, refs: Sequence[Ref], *, alone: bool = False) -> None:
        """Hand over `refs`; returns when they are gathered, not when they are handled. `alone`: never with others."""
        waiting = self._waiting[listener]
        while sum(len(one.refs) for one in waiting) >= GATHERED_MOST:
            self._taken[listener].clear()
            await self._taken[listener].wait()
        waiting.append(_WakeUp(refs, alone))
        if self._running[listener] < PER_LISTENER:
            self._running[listener] += 1
            task = asyncio.create_task(self._run(listener), name=f"batches of {listener}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self, within_s: float) -> None:
        """Let what is gathered be handled, at most for so long; the rest is left to the sweeper."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, listener: str) -> None:
        waiting = self._waiting[listener]
        try:
            while waiting:
                async with self._room:
                    refs = _take(waiting)
                    self._taken[listener].set()
                    if refs:
                        await self._handle(listener, refs)
        finally:
            self._running[listener] -= 1


def _take(waiting: deque[_WakeUp]) -> list[Ref]:
    """The references of the next batch, each once."""
    if not waiting:  # another batch of this listener took all, while this one waited for room
        return []
    first = waiting.popleft()
    refs = dict.fromkeys(first.refs)
    while not first.alone and waiting and not waiting[0].alone and len(refs) + len(waiting[0].refs) <= BATCH:
        refs.update(dict.fromkeys(waiting.popleft().refs))
    return list(refs)
