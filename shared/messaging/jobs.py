"""The wake-up calls themselves: arq jobs that carry batches of delivery references as JSON, never pickle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from arq.connections import ArqRedis, RedisSettings, create_pool

from shared.contracts.topology import queue_of
from shared.database.engine import Published

JOB = "handle"
BATCH = 500
"""References per job."""
JOB_TTL_MS = 15 * 60 * 1000
"""A wake-up nobody took for so long is dropped; the sweeper sends a fresh one."""


def queue_key(queue: str) -> str:
    """The Valkey key of a queue."""
    return f"cxloop:queue:{queue}"


def serialize(job: dict[str, Any]) -> bytes:
    """arq's job serializer; an exception as a result becomes its type's name."""
    return orjson.dumps(job, default=lambda value: type(value).__name__)


def deserialize(raw: bytes) -> dict[str, Any]:
    """arq's job deserializer. Raises on anything but JSON: a pickle is refused, not run."""
    job: dict[str, Any] = orjson.loads(raw)
    return job


async def connect(redis_url: str, *, retries: int = 0) -> ArqRedis:
    """A connection pool to the queue server. Raises redis.exceptions.ConnectionError."""
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_timeout = 2
    settings.conn_retries = retries
    settings.conn_retry_delay = 1
    return await create_pool(settings, job_serializer=serialize, job_deserializer=deserialize)


def pack(listener: str, refs: Iterable[tuple[UUID, UUID]], *, alone: bool = False) -> dict[str, Any]:
    """The payload of one job; `alone`: it must not be handled together with other jobs."""
    told = {"listener": listener, "refs": [[str(org_id), str(event_id)] for org_id, event_id in refs]}
    return {**told, "alone": True} if alone else told


def unpack(payload: dict[str, Any]) -> tuple[str, list[tuple[UUID, UUID]], bool]:
    """The inverse of `pack`: listener, references, alone. Raises KeyError, ValueError or TypeError on anything else."""
    refs = [(UUID(org_id), UUID(event_id)) for org_id, event_id in payload["refs"]]
    return str(payload["listener"]), refs, payload.get("alone") is True


async def enqueue(redis: ArqRedis, due: Sequence[Published], *, alone: bool = False) -> None:
    """Send wake-ups for `due`, grouped by listener, BATCH references a job; `alone`: each one by itself."""
    size = 1 if alone else BATCH
    by_listener: dict[str, list[tuple[UUID, UUID]]] = {}
    for one in due:
        by_listener.setdefault(one.listener, []).append((one.org_id, one.event_id))
    for listener, refs in by_listener.items():
        rest = iter(refs)
        while chunk := list(islice(rest, size)):
            await redis.enqueue_job(
                JOB,
                pack(listener, chunk, alone=alone),
                _queue_name=queue_key(queue_of(listener)),
                _expires=JOB_TTL_MS / 1000,
            )
