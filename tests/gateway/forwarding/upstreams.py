"""Raw servers that answer the pool exactly as a test says: whole, halved, slow, dead."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.forwarding.connections import (
    UpstreamConnection,
)
from gateway.forwarding.pool import Upstream, parse_addresses

HEAD = b"GET /x HTTP/1.1\r\nhost: s\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Script = Callable[["Server", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A raw server: counts connections and requests, and answers by script."""

    script: Script
    address: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            await self.script(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        return head


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    server = Server(script)
    listener = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.address = f"tcp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for writer in server.writers:
            writer.close()
        await asyncio.sleep(0)


def upstream(*servers: Server | str) -> Upstream:
    text = ",".join(server if isinstance(server, str) else server.address for server in servers)
    return Upstream("ingest", parse_addresses(text))


async def body_of(connection: UpstreamConnection) -> bytes:
    parts = []
    while part := await connection.chunk():
        parts.append(part)
    return b"".join(parts)


async def ask(
    pool: Upstream, *, replayable: bool = True, deadline_s: float = 2.0, head: bytes = HEAD, head_only: bool = False
) -> tuple[int, bytes]:
    connection = await pool.exchange(head, None, deadline_s=deadline_s, replayable=replayable, head_only=head_only)
    try:
        return connection.status, await body_of(connection)
    finally:
        pool.release(connection)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


def answers(*answers: bytes, then_close: bool = False) -> Script:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await server.request(reader)
            writer.write(answer)
            await writer.drain()
        if not then_close:
            await reader.read()

    return script


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"
