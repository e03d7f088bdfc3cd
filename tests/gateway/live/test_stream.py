"""Live events through the door: hints of one's own organisation, beats, and an end when the credential ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import pytest
from redis.asyncio import Redis

from shared.messaging.live import channel
from tests.gateway.conftest import RunningGateway, running_gateway
from tests.support.servers import Servers


class Events:
    """A server-sent event stream, read as (event, data) pairs."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._text = b""

    async def next(self, *, timeout: float = 8) -> tuple[str, Any]:
        """The next event or beat. Raises EOFError at the end of the stream."""
        async with asyncio.timeout(timeout):
            while b"\n\n" not in self._text:
                size = int(await self._reader.readline(), 16)
                if size == 0:
                    raise EOFError
                self._text += (await self._reader.readexactly(size + 2))[:-2]
        one, _, self._text = self._text.partition(b"\n\n")
        if one.startswith(b":"):
            return "beat", None
        fields = dict(line.split(b": ", 1) for line in one.split(b"\n"))
        if b"retry" in fields:
            return "retry", int(fields[b"retry"])
        return fields[b"event"].decode(), orjson.loads(fields[b"data"])

    async def until(self, name: str) -> Any:
        """The data of the next event `name`."""
        while True:
            event, data = await self.next()
            if event == name:
                return data


@asynccontextmanager
async def listening(gateway: RunningGateway, *headers: str) -> AsyncIterator[tuple[bytes, Events]]:
    parts = urlsplit(gateway.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write("\r\n".join(["GET /v1/live HTTP/1.1", "host: x", *headers, "", ""]).encode())
        yield await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 8), Events(reader)
    finally:
        writer.close()


@pytest.fixture
async def org_id(gateway: RunningGateway) -> UUID:
    return await gateway.organization()


async def bearer(gateway: RunningGateway, org_id: UUID) -> str:
    return f"authorization: Bearer {await gateway.key(org_id)}"


async def announce(servers: Servers, org_id: UUID, topic: str) -> None:
    redis: Redis = Redis.from_url(servers.redis_url)
    await redis.publish(channel(org_id), topic)
    await redis.aclose()


async def test_hints_arrive_and_those_of_others_do_not(gateway: RunningGateway, servers: Servers, org_id: UUID) -> None:
    other = await gateway.organization()
    async with listening(gateway, await bearer(gateway, org_id)) as (head, events):
        assert b"content-type: text/event-stream" in head
        assert b"cache-control: no-store" in head
        assert await events.next() == ("retry", 2000)
        while not (await events.until("state"))["live"]:
            pass
        await announce(servers, other, "secrets")
        await announce(servers, org_id, "cases")
        assert await events.until("cases") == {"topic": "cases"}


async def test_topics_that_are_no_words_are_dropped(gateway: RunningGateway, servers: Servers, org_id: UUID) -> None:
    async with listening(gateway, await bearer(gateway, org_id)) as (_, events):
        await events.until("state")
        await announce(servers, org_id, "x\n\nevent: forged")
        await announce(servers, org_id, "records")
        assert await events.until("records") == {"topic": "records"}


async def test_a_silent_line_has_beats(gateway: RunningGateway, org_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.live.stream.BEAT_S", 0.05)
    async with listening(gateway, await bearer(gateway, org_id)) as (_, events):
        await events.until("beat")


async def test_stream_ends_when_its_key_is_revoked(
    gateway: RunningGateway, org_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.live.stream.BEAT_S", 0.1)
    admin = gateway.with_key(await gateway.key(org_id))
    created = (await admin.post("/v1/api-keys", {"name": "live", "scopes": ["live:read"]})).json()
    async with listening(gateway, f"authorization: Bearer {created['key']}") as (_, events):
        await events.until("state")
        await admin.delete(f"/v1/api-keys/{created['id']}")
        with pytest.raises(EOFError):
            async with asyncio.timeout(5):
                await events.until("never")


async def test_without_valkey_the_page_is_told_to_poll(servers: Servers) -> None:
    async with running_gateway(servers, redis_url="unix:///nowhere/valkey.sock") as gateway:
        line = await bearer(gateway, await gateway.organization())
        async with listening(gateway, line) as (_, events):
            assert await events.until("state") == {"live": False}


async def test_more_listeners_than_allowed_are_told_to_poll(
    gateway: RunningGateway, org_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.live.hub.MAX_PER_ORGANIZATION", 1)
    line = await bearer(gateway, org_id)
    async with listening(gateway, line) as (_, events):
        await events.until("state")
        async with listening(gateway, line) as (head, _):
            assert b" 503 " in head
            assert b"retry-after: 15" in head


async def test_stopping_ends_streams_at_once(servers: Servers) -> None:
    async with running_gateway(servers) as gateway:
        line = await bearer(gateway, await gateway.organization())
        context = listening(gateway, line)
        _, events = await context.__aenter__()
        await events.until("state")
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 3
    await context.__aexit__(None, None, None)
