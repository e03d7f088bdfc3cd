"""The wake-up calls themselves: arq jobs that carry batches of delivery references as JSON, never pickle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
from arq.connections import ArqRedis, RedisSettings, create_pool

from shared.contracts.topology import queue_of
from shared.database.engine import Published

JOB = "handle"
BATCH = 500
"""References per job, and events per batch."""
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


Refs = list[tuple[UUID, UUID]]
"""Deliveries of a listener: (organisation, event)."""


def pack(parts: Iterable[tuple[str, Refs]], *, alone: bool = False) -> dict[str, Any]:
    """The payload of one job: what to hand to each listener. `alone`: not together with what other jobs bring."""
    told = [[listener, [[str(org_id), str(event_id)] for org_id, event_id in refs]] for listener, refs in parts]
    return {"parts": told, "alone": alone}


def unpack(payload: dict[str, Any]) -> tuple[list[tuple[str, Refs]], bool]:
    """The inverse of `pack`: parts, alone. Raises KeyError, ValueError or TypeError on anything else."""
    parts = [
        (str(listener), [(UUID(org_id), UUID(event_id)) for org_id, event_id in refs])
        for listener, refs in payload["parts"]
    ]
    return parts, payload["alone"] is True


async def enqueue(redis: ArqRedis, due: Sequence[Published], *, alone: bool = False) -> None:
    """Send wake-ups for `due`: one job per queue while few are due, else jobs of BATCH references of one listener.

    Taking a job costs a worker far more than reading it, so listeners share one. `alone`: a job for each reference.
    """
    by_listener: dict[str, Refs] = {}
    for one in due:
        by_listener.setdefault(one.listener, []).append((one.org_id, one.event_id))
    size = 1 if alone else BATCH
    by_queue: dict[str, list[tuple[str, Refs]]] = {}
    for listener, refs in by_listener.items():
        chunks = [(listener, refs[at : at + size]) for at in range(0, len(refs), size)]
        by_queue.setdefault(queue_of(listener), []).extend(chunks)
    for queue, parts in by_queue.items():
        few = not alone and sum(len(refs) for _, refs in parts) <= BATCH
        for job in [parts] if few else [[part] for part in parts]:
            payload = pack(job, alone=alone)
            await redis.enqueue_job(JOB, payload, _queue_name=queue_key(queue), _expires=JOB_TTL_MS / 1000)
