"""Live hints: a service tells the dashboard that something of an organisation changed. Best effort by design."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from arq.connections import ArqRedis
from redis.exceptions import RedisError

CHANNEL = "cxloop:live:"


def channel(org_id: UUID) -> str:
    """The pub/sub channel of an organisation."""
    return f"{CHANNEL}{org_id}"


async def announce(redis: ArqRedis | None, org_ids: Iterable[UUID], topic: str) -> None:
    """Say that `topic` ("records", "cases") changed for `org_ids`. Never raises: a missed hint costs a poll."""
    if redis is None:
        return
    try:
        for org_id in set(org_ids):
            await redis.publish(channel(org_id), topic)
    except (RedisError, OSError):
        return
