"""Group commit: requests that arrive together share a transaction, and each is answered after its COMMIT.

1. A request waits in a bounded queue, counted in records; when it is full the caller hears 503 at once.
2. Two flushers take all that gathered while the last commit ran, at most 500 records. There is no linger timer:
   waiting for company only adds latency (measured).
3. A group that fails is retried once as a whole when it met a deadlock, then request by request, so that
   one bad request never fails the others. While the database is away nothing is retried: callers hear 503.
4. At shutdown the queue is drained before the database is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

import asyncpg

from shared.contracts.problems import Code, Problem
from shared.database.failures import as_problem
from shared.messaging.retry import describe
from shared.telemetry.logs import log
from shared.telemetry.names import INTAKE_GROUP

GROUP_RECORDS: Final = 500
FLUSHERS: Final = 2
_NEIGHBOUR: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Failures that lie in the company of other transactions: the same group again will do."""
QUEUE_RECORDS: Final = 20_000
"""Records that may wait: some seconds of work at full speed, some tens of MiB at their usual size."""


class Weighed(Protocol):
    """What can be put into a group: it says how many records it holds."""

    @property
    def records(self) -> int: ...


Entry = TypeVar("Entry", bound=Weighed)
Work_contra = TypeVar("Work_contra", bound=Weighed, contravariant=True)
Answer = TypeVar("Answer")


class Commit(Protocol[Work_contra, Answer]):
    """Does the work of a group in one transaction and returns its answers, in order, after COMMIT."""

    async def __call__(self, entries: Sequence[Work_contra], /) -> list[Answer | Exception]: ...


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Entry, Answer]):
    entry: Entry
    answered: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit(Generic[Entry, Answer]):
    """The queue and its flushers. `commit` may put an Exception in an answer's place: its caller alone hears it."""

    def __init__(
        self,
        commit: Commit[Entry, Answer],
        *,
        queue_records: int = QUEUE_RECORDS,
        group_records: int = GROUP_RECORDS,
        flushers: int = FLUSHERS,
        on_group: Callable[[int], None] = INTAKE_GROUP.observe,
    ) -> None:
        self._commit = commit
        self._limit = queue_records
        self._group = group_records
        self._on_group = on_group
        self._waiting: deque[_Waiting[Entry, Answer]] = deque()
        self._records = 0
        self._arrived = asyncio.Event()
        self._closing = False
        self._flushers = [asyncio.create_task(self._flush_forever(), name="flusher") for _ in range(flushers)]

    async def submit(self, entry: Entry) -> Answer:
        """Wait until `entry` is committed; returns its answer.

        Raises Problem(OVERLOADED) at once when the queue is full or closing, and whatever made the work fail.
        """
        if self._closing:
            raise Problem(Code.OVERLOADED, "This process is stopping. Send the request again.")
        if self._records and self._records + entry.records > self._limit:
            raise Problem(Code.OVERLOADED, "Too much is waiting to be stored. Send the request again in a second.")
        waiting = _Waiting[Entry, Answer](entry)
        self._waiting.append(waiting)
        self._records += entry.records
        self._arrived.set()
        return await waiting.answered

    async def close(self) -> None:
        """Take nothing more, finish what waits, end the flushers."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._flushers, return_exceptions=True)

    async def _flush_forever(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
            group = self._take()
            try:
                if group:
                    await self._flush(group)
            finally:
                for one in group:  # unanswered only when this task was cancelled
                    _answer(one, Problem(Code.OVERLOADED, "This process is stopping. Send the request again."))

    def _take(self) -> list[_Waiting[Entry, Answer]]:
        """All that waits, up to the group's size; callers who left before their turn are dropped, unstored."""
        group: list[_Waiting[Entry, Answer]] = []
        size = 0
        while self._waiting and (not group or size + self._waiting[0].entry.records <= self._group):
            one = self._waiting.popleft()
            self._records -= one.entry.records
            if not one.answered.done():
                group.append(one)
                size += one.entry.records
        if size:
            self._on_group(size)
        return group

    async def _flush(self, group: list[_Waiting[Entry, Answer]]) -> None:
        error = await self._try(group)
        if isinstance(error, _NEIGHBOUR):
            error = await self._try(group)
        if error is None:
            return
        problem = as_problem(error)
        if problem is not None and not isinstance(error, _NEIGHBOUR):
            for one in group:  # the database is away, full or busy: nobody's request is to blame
                _answer(one, Problem(problem.code, problem.detail, headers=problem.headers))
        elif len(group) == 1:
            _answer(group[0], error)
        else:
            log.warning("intake.group_failed", requests=len(group), error=describe(error))
            for one in group:
                alone = await self._try([one])
                if alone is not None:
                    _answer(one, alone)

    async def _try(self, group: list[_Waiting[Entry, Answer]]) -> Exception | None:
        try:
            answers = await self._commit([one.entry for one in group])
        except Exception as error:
            return error
        for one, answer in zip(group, answers, strict=True):
            _answer(one, answer)
        return None


def _answer(waiting: _Waiting[Entry, Answer], answer: Answer | Exception) -> None:
    with suppress(asyncio.InvalidStateError):  # the caller left while the work was done; it is stored all the same
        if isinstance(answer, Exception):
            waiting.answered.set_exception(answer)
        else:
            waiting.answered.set_result(answer)


__all__ = ["FLUSHERS", "GROUP_RECORDS", "QUEUE_RECORDS", "Commit", "GroupCommit", "Weighed"]
