"""The connections to one service: several addresses in turn, kept alive, put aside while they refuse.

A request is sent a second time only where that cannot do its work twice: nothing was sent (the connection was
refused, or found closed), or a reused connection died before any byte of an answer and the request is replayable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.forwarding.connections import (
    ConnectionDied,
    NotConnected,
    UpstreamConnection,
)

CONNECT_TIMEOUT_S = 2.0
MAX_IDLE_S = 50.0
"""Below the services' keep-alive of 65 s (shared.foundation.serving): none closes a connection as we write to it."""
MAX_IDLE_CONNECTIONS = 128
EJECTED_FOR_S = 1.0
"""How long an address that refused is passed over while another one answers."""
PATIENCE_S: tuple[float, ...] = (0.05, 0.15, 0.3, 0.5)
"""Waits between rounds over all addresses when every one refuses: a service that restarts is back within these."""
MAX_IMPATIENT = 256
"""Requests that wait so at the same time; more are refused at once, so that an outage holds no crowd."""


@dataclass(slots=True)
class Address:
    """One place where a service listens: `unix` path or `host` and `port`."""

    unix: str | None
    host: str
    port: int
    idle: deque[UpstreamConnection] = field(default_factory=deque)
    ejected_until: float = 0.0


def parse_addresses(text: str) -> list[Address]:
    """Read a comma list of `http://host:port`, `tcp://host:port` or `unix:///path`. Raises ValueError."""
    addresses = []
    for part in text.split(","):
        url = urlsplit(part.strip())
        if url.scheme == "unix" and url.path:
            addresses.append(Address(url.path, "", 0))
        elif url.scheme in ("http", "tcp") and url.hostname:
            addresses.append(Address(None, url.hostname, url.port or 80))
        else:
            raise ValueError("an upstream is tcp://host:port or unix:///path, several separated by commas")
    return addresses


class Upstream:
    """A service behind the gateway."""

    def __init__(self, name: str, addresses: Sequence[Address], *, max_connections: int = 512) -> None:
        self.name = name
        self._addresses = list(addresses)
        self._max = max_connections
        self._lent: dict[UpstreamConnection, Address] = {}
        self._impatient = 0
        self._turn = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Exchanges under way."""
        return len(self._lent)

    @property
    def full(self) -> bool:
        """Whether as many exchanges are under way as are allowed."""
        return len(self._lent) >= self._max

    async def exchange(
        self,
        head: bytes,
        body: bytes | AsyncIterator[bytes] | None,
        *,
        deadline_s: float,
        replayable: bool,
        head_only: bool = False,
        chunked: bool = False,
    ) -> UpstreamConnection:
        """Send a request and wait for the head of the answer. Raises UpstreamFailure.

        `head` ends with the empty line. `replayable`: doing the request twice is as good as once. The caller gives
        the connection back with `release`, whatever happens.
        """
        fresh = False
        while True:
            connection = await self._acquire(fresh=fresh)
            reused = connection.exchanges > 0
            try:
                connection.begin(head_only=head_only, deadline_s=deadline_s)
                if body is None or isinstance(body, bytes):
                    connection.write(head + body if body else head)
                    connection.sent_whole = True
                else:
                    await _send_stream(connection, head, body, deadline_s, chunked=chunked)
                await connection.head()
            except ConnectionDied:
                answered = connection.answered
                self.release(connection)
                if reused and replayable and not answered and not isinstance(body, AsyncIterator):
                    fresh = True
                    continue
                raise
            except NotConnected:
                self.release(connection)
                if reused and not isinstance(body, AsyncIterator):
                    fresh = True
                    continue
                raise
            except BaseException:
                self.release(connection, broken=True)
                raise
            else:
                return connection

    def release(self, connection: UpstreamConnection, *, broken: bool = False) -> None:
        """Take a connection back: kept when its exchange ended cleanly, closed otherwise. Safe to call twice."""
        address = self._lent.pop(connection, None)
        if address is None:
            return
        if broken or self._closed or not connection.reusable or len(address.idle) >= MAX_IDLE_CONNECTIONS:
            connection.abort()
            return
        connection.finished()
        connection.idle_since = asyncio.get_running_loop().time()
        address.idle.append(connection)

    async def reachable(self) -> bool:
        """Whether a connection can be opened now, at any address."""
        for address in self._addresses:
            try:
                connection = await self._connect(address)
            except NotConnected:
                continue
            connection.abort()
            return True
        return False

    def close(self) -> None:
        """Close every connection; exchanges under way fail."""
        self._closed = True
        for connection in list(self._lent):
            connection.abort()
        for address in self._addresses:
            while address.idle:
                address.idle.pop().abort()

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _acquire(self, *, fresh: bool) -> UpstreamConnection:
        """A connection that is open; `fresh` passes over the kept ones. Raises NotConnected."""
        waits = iter(PATIENCE_S)
        while True:
            for address in self._in_turn():
                connection = None if fresh else _kept(address)
                if connection is None:
                    try:
                        connection = await self._connect(address)
                    except NotConnected:
                        address.ejected_until = asyncio.get_running_loop().time() + EJECTED_FOR_S
                        continue
                address.ejected_until = 0.0
                self._lent[connection] = address
                return connection
            wait = next(waits, None)
            if wait is None or self._closed or self._impatient >= MAX_IMPATIENT:
                raise NotConnected(f"{self.name} cannot be reached")
            self._impatient += 1
            try:
                await asyncio.sleep(wait)
            finally:
                self._impatient -= 1

    def _in_turn(self) -> list[Address]:
        """The addresses, beginning with the next in turn; those that refused lately come last, not never."""
        if len(self._addresses) == 1:
            return self._addresses
        self._turn = (self._turn + 1) % len(self._addresses)
        rotated = self._addresses[self._turn :] + self._addresses[: self._turn]
        time = asyncio.get_running_loop().time()
        return sorted(rotated, key=lambda address: address.ejected_until > time)

    async def _connect(self, address: Address) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if address.unix is not None:
                    _, connection = await loop.create_unix_connection(lambda: UpstreamConnection(loop), address.unix)
                else:
                    _, connection = await loop.create_connection(
                        lambda: UpstreamConnection(loop), address.host, address.port
                    )
        except (OSError, TimeoutError) as refused:
            raise NotConnected(f"{self.name}: {type(refused).__name__}") from None
        return connection


def _kept(address: Address) -> UpstreamConnection | None:
    """The connection used last (the older ones time out), or None; those that died or idled too long are closed."""
    oldest_kept = asyncio.get_running_loop().time() - MAX_IDLE_S
    while address.idle:
        connection = address.idle.pop()
        if connection.usable and connection.idle_since >= oldest_kept:
            return connection
        connection.abort()
    return None


async def _send_stream(
    connection: UpstreamConnection, head: bytes, body: AsyncIterator[bytes], deadline_s: float, *, chunked: bool
) -> None:
    """Send a body while it arrives; stops as soon as the service has answered (a refusal needs no more bytes)."""
    connection.write(head)
    async for part in body:
        if connection.head_complete:
            return
        if part:
            connection.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        connection.extend(deadline_s)
        await connection.drained()
    if connection.head_complete:
        return
    if chunked:
        connection.write(b"0\r\n\r\n")
    connection.sent_whole = True
