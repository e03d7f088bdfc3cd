"""Requests that submit feedback: their effect and their kept answer in one transaction, several requests together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ingest_service.intake import queries
from ingest_service.intake.batching import GroupCommit
from ingest_service.intake.idempotency import KEPT_FOR, mismatch, under_way
from ingest_service.intake.preparation import Prepared
from ingest_service.intake.submit import Stored, store
from shared.database import Batch, Database
from shared.foundation.clock import now
from shared.telemetry.names import INTAKE_RECORDS


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out; `replayed` when it was given before."""

    status: int
    body: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What one request wants stored, and how its answer is written once it is."""

    org_id: UUID
    submissions: Sequence[Prepared]
    render: Callable[[Sequence[Stored]], Reply]
    key: str | None = None
    fingerprint: bytes = b""

    @property
    def records(self) -> int:
        return len(self.submissions) or 1


_COUNTERS = {status: INTAKE_RECORDS.labels(status) for status in ("accepted", "duplicate", "revised", "rejected")}


def count_rejected(records: int) -> None:
    """Note records that were refused before they came to the queue."""
    _COUNTERS["rejected"].inc(records)


class Intake:
    """The door of the write path in this process: submit a request, hear its answer after COMMIT."""

    def __init__(self, database: Database, *, queue_records: int) -> None:
        self._database = database
        self._group: GroupCommit[Request, Reply] = GroupCommit(self._commit, queue_records=queue_records)
        self._kept_for: set[UUID] = set()

    async def submit(self, request: Request) -> Reply:
        """Store and answer. Raises Problem."""
        return await self._group.submit(request)

    async def close(self) -> None:
        """Finish what waits."""
        await self._group.close()

    async def forget_keys(self) -> None:
        """Delete expired idempotency keys of the organisations that used any in this process."""
        org_ids, self._kept_for = sorted(self._kept_for), set()
        if org_ids:
            async with self._database.batch(org_ids) as batch:
                await queries.forget_keys(batch, org_ids, expired=now() - KEPT_FOR)

    async def _commit(self, requests: Sequence[Request]) -> list[Reply | Exception]:
        org_ids = {one.org_id for one in requests}
        async with self._database.batch(org_ids) as batch:
            replies, stored = await self._answer(batch, org_ids, requests)
        for status, records in Counter(result.status for result in stored).items():
            _COUNTERS[status].inc(records)
        return replies

    async def _answer(
        self, batch: Batch, org_ids: set[UUID], requests: Sequence[Request]
    ) -> tuple[list[Reply | Exception], list[Stored]]:
        replies: dict[int, Reply | Exception] = {}
        leaders: dict[queries.IdempotencyRef, int] = {}
        for index, one in enumerate(requests):
            if one.key is not None:
                leaders.setdefault((one.org_id, one.key), index)
        if leaders:
            replies.update(await self._repeated(batch, org_ids, requests, leaders))
        doing = [
            index
            for index, one in enumerate(requests)
            if index not in replies and (one.key is None or leaders[(one.org_id, one.key)] == index)
        ]
        stored = await store(batch, [submission for index in doing for submission in requests[index].submissions])
        position = 0
        kept = []
        for index in doing:
            one = requests[index]
            results = stored[position : position + len(one.submissions)]
            position += len(one.submissions)
            reply = replies[index] = one.render(results)
            if one.key is not None:
                kept.append((one.org_id, one.key, reply.status, reply.body))
        if kept:
            await queries.keep_answers(batch, org_ids, kept)
            self._kept_for |= {org_id for org_id, _, _, _ in kept}
        for index, one in enumerate(requests):
            if index not in replies and one.key is not None:
                leader = leaders[(one.org_id, one.key)]
                replies[index] = _follow(one, requests[leader].fingerprint, replies[leader])
        return [replies[index] for index in range(len(requests))], stored

    async def _repeated(
        self,
        batch: Batch,
        org_ids: set[UUID],
        requests: Sequence[Request],
        leaders: dict[queries.IdempotencyRef, int],
    ) -> dict[int, Reply | Exception]:
        """Take the keys of this group; the answers of those that were taken before."""
        at = now()
        told = [(org_id, key, requests[index].fingerprint) for (org_id, key), index in leaders.items()]
        taken = await queries.claim_keys(batch, org_ids, told, at=at, expired=at - KEPT_FOR)
        known = leaders.keys() - taken
        answers: dict[int, Reply | Exception] = {}
        if known:
            kept = await queries.kept_answers(batch, org_ids, sorted(known))
            for index, one in enumerate(requests):
                if one.key is None or (one.org_id, one.key) not in known:
                    continue
                fingerprint, status, body = kept.get((one.org_id, one.key), (b"", None, None))
                if status is None or body is None:
                    answers[index] = under_way()
                elif fingerprint != one.fingerprint:
                    answers[index] = mismatch()
                else:
                    answers[index] = Reply(status, bytes(body), replayed=True)
        return answers


def _follow(request: Request, leader_fingerprint: bytes, answer: Reply | Exception) -> Reply | Exception:
    """The answer to a request whose key another request of the same group brought first."""
    if request.fingerprint != leader_fingerprint:
        return mismatch()
    return Reply(answer.status, answer.body, replayed=True) if isinstance(answer, Reply) else answer
