"""Who listens for live changes: one Valkey subscription for all browsers of this process, handed out by organisation.

Hints, not data: a hint says that a topic ("records", "cases") changed, and the page asks the API again. Hints that
gather while a browser is slow become one. While Valkey is away `away` is true and pages are told to poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.messaging.live import CHANNEL
from shared.telemetry.logs import log

RECONNECT_S = 1.0
MAX_PER_ORGANIZATION = 200
MAX_LISTENERS = 2_000


class Listener:
    """One browser's gathered hints."""

    __slots__ = ("_topics", "_woken")

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._woken = asyncio.Event()

    def hear(self, topic: str) -> None:
        """Note a hint."""
        self._topics.add(topic)
        self._woken.set()

    async def topics(self, wait_s: float) -> set[str]:
        """The topics that changed since the last call; empty when nothing did for `wait_s` seconds."""
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return set()
        self._woken.clear()
        topics, self._topics = self._topics, set()
        return topics


class LiveHub:
    """Listens at Valkey and tells the listeners of each organisation."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._listeners: dict[str, set[Listener]] = {}
        self._count = 0
        self.away = True
        """Whether hints cannot be heard now."""
        self.closing = False

    def full(self, org_id: UUID) -> bool:
        """Whether one more listener is too many."""
        return self._count >= MAX_LISTENERS or len(self._listeners.get(str(org_id), ())) >= MAX_PER_ORGANIZATION

    @contextmanager
    def listening(self, org_id: UUID) -> Iterator[Listener]:
        """A listener for the changes of `org_id`."""
        listener = Listener()
        self._listeners.setdefault(str(org_id), set()).add(listener)
        self._count += 1
        try:
            yield listener
        finally:
            self._count -= 1
            others = self._listeners[str(org_id)]
            others.discard(listener)
            if not others:
                del self._listeners[str(org_id)]

    async def run(self) -> None:
        """Hear hints until cancelled, reconnecting as long as it takes."""
        while True:
            try:
                await self._hear()
            except (RedisError, OSError, TimeoutError) as error:
                if not self.away:
                    log.warning("gateway.live_degraded", error=type(error).__name__)
            self.away = True
            await asyncio.sleep(RECONNECT_S)

    def close(self) -> None:
        """Let every listener end."""
        self.closing = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.hear("")

    async def _hear(self) -> None:
        redis: Redis = Redis.from_url(self._url, socket_connect_timeout=2, health_check_interval=5)
        try:
            async with redis.pubsub(ignore_subscribe_messages=True) as hints:
                await hints.psubscribe(f"{CHANNEL}*")
                self.away = False
                self._tell_all("records")  # what happened while we could not hear
                while True:
                    # With a timeout the client also sends its health checks, so a silent death is noticed.
                    message = await hints.get_message(timeout=5.0)
                    if message is not None:
                        self._tell(message["channel"], message["data"])
        finally:
            await redis.aclose()

    def _tell(self, channel: bytes, data: bytes) -> None:
        for listener in self._listeners.get(channel.decode().removeprefix(CHANNEL), ()):
            listener.hear(data.decode())

    def _tell_all(self, topic: str) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.hear(topic)
