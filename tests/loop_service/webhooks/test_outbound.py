"""The caller's walls: addresses checked when connecting, no redirects, bounded time and size."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from loop_service.webhooks.outbound import KEPT_LIMIT, Outbound, _guarded_socket
from tests.loop_service.outside import Receiver, answers


@pytest.fixture
async def outbound(receiver: Receiver) -> AsyncIterator[Outbound]:
    calling = Outbound([receiver.host], timeout_s=0.5)
    await calling.start()
    yield calling
    await calling.close()


class Canary:
    """Listens on the loopback and counts whoever connects."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0

    async def visited(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    seen = Canary()
    server = await asyncio.start_server(seen.visited, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    yield seen
    server.close()
    await server.wait_closed()


INNER = [
    "127.0.0.1",
    "169.254.169.254",
    "10.0.0.7",
    "100.64.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", INNER)
@pytest.mark.parametrize("beside", ["8.8.8.8", None])
async def test_a_name_that_resolves_inside_is_not_called(
    outbound: Outbound, canary: Canary, monkeypatch: pytest.MonkeyPatch, address: str, beside: str | None
) -> None:
    def resolve(_host: str, port: int, *_rest: Any) -> list[Any]:
        found = [one for one in (beside, address) if one is not None]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, canary.port))
            for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    reply = await outbound.post("https://rebinding.example.com/hook", b"{}", {})
    assert reply.status is None
    assert (reply.reason or "").startswith("refused: The address is refused")
    assert canary.visits == 0


@pytest.mark.parametrize("address", INNER)
def test_the_last_wall_is_the_socket_itself(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(OSError, match="refused"):
        _guarded_socket((family, socket.SOCK_STREAM, 6, "", (address, 443)))


async def test_written_refusals(outbound: Outbound, receiver: Receiver) -> None:
    for url in (
        f"http://127.1:{receiver.port}/x",
        "http://example.com/",
        "https://[::1]/",
        f"http://localhost:{receiver.port}/",
    ):
        reply = await outbound.post(url, b"{}", {})
        assert (reply.reason or "").startswith("refused:")


async def test_redirects_are_failures_and_not_followed(outbound: Outbound, receiver: Receiver, canary: Canary) -> None:
    receiver.behaviours["redirect"] = answers(302, location=f"http://127.0.0.1:{canary.port}/")
    reply = await outbound.post(receiver.url("redirect"), b"{}", {})
    assert (reply.status, reply.reason, canary.visits) == (302, "redirects are not followed", 0)


async def test_a_large_answer_is_cut(outbound: Outbound, receiver: Receiver) -> None:
    sent = 0

    async def flood(request: web.Request, _body: bytes) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while sent < 50_000_000:
                await answer.write(b"\x00a" * 4096)
                sent += 8192
        except ConnectionError:
            pass
        return answer

    receiver.behaviours["flood"] = flood
    reply = await outbound.post(receiver.url("flood"), b"{}", {})
    assert reply.status == 200
    assert len(reply.response or "") <= KEPT_LIMIT
    assert "\x00" not in (reply.response or "")
    assert sent < 10_000_000


async def test_a_slow_answer_ends_at_the_deadline(outbound: Outbound, receiver: Receiver) -> None:
    async def drip(request: web.Request, _body: bytes) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while not receiver.released.is_set():
                await answer.write(b".")
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        return answer

    receiver.behaviours["drip"] = drip
    reply = await outbound.post(receiver.url("drip"), b"{}", {})
    assert (reply.status, reply.reason) == (None, "no complete answer within 0.5 s")
    assert reply.duration_ms < 2000


async def test_nobody_there() -> None:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    calling = Outbound([f"127.0.0.1:{port}"], timeout_s=1)
    await calling.start()
    reply = await calling.post(f"http://127.0.0.1:{port}/", b"{}", {})
    await calling.close()
    assert (reply.status, reply.reason) == (None, "no connection")


async def test_proxies_of_the_environment_are_ignored(
    outbound: Outbound, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await outbound.post(receiver.url("direct"), b"{}", {})).status == 200
