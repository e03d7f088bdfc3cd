"""Forwarding through the door: services that are away, slow, broken, full."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gateway.forwarding.connections import UpstreamConnection
from gateway.forwarding.forward import request_head
from tests.gateway.conftest import RunningGateway, running_gateway
from tests.support.drain import until
from tests.support.servers import Servers

_begin = UpstreamConnection.begin


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


async def test_a_service_that_is_away_is_503_with_retry_after(servers: Servers) -> None:
    async with running_gateway(servers, loop_url=closed_port()) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        answer = await api.get("/v1/cases")
        assert (answer.status, answer.code) == (503, "upstream_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await api.get("/v1/feedback")).status == 200, "the others go on"
        ready = await gateway.api().get("/readyz")
        assert (ready.status, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["dependencies"]["loop"].startswith("failed")


async def test_a_service_that_is_slow_is_504(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    gateway.services["loop"].hold = asyncio.Event()
    monkeypatch.setattr("gateway.forwarding.pool.UpstreamConnection.begin", _impatient)
    answer = await api.get("/v1/cases")
    assert (answer.status, answer.code) == (504, "upstream_timeout")
    gateway.services["loop"].hold.set()


def _impatient(self: UpstreamConnection, *, head_only: bool, deadline_s: float) -> None:
    _begin(self, head_only=head_only, deadline_s=0.1)


async def _raw_service(answer: bytes) -> tuple[asyncio.Server, str]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    return server, f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-", b"garbage\r\n\r\n"])
async def test_a_service_that_answers_nonsense_is_503(servers: Servers, answer: bytes) -> None:
    service, address = await _raw_service(answer)
    async with running_gateway(servers, loop_url=address) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        got = await api.get("/v1/cases")
        assert (got.status, got.code) == (503, "upstream_unavailable")
    service.close()


async def test_an_answer_that_breaks_off_is_a_cut_not_a_short_answer(servers: Servers) -> None:
    import aiohttp

    service, address = await _raw_service(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
    async with running_gateway(servers, loop_url=address) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.get("/v1/cases")
    service.close()


async def test_more_than_the_pool_holds_is_503_and_nobody_is_forgotten(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = gateway.app.forwarder.upstreams["loop"]
    monkeypatch.setattr(pool, "_max", 3)
    echo = gateway.services["loop"]
    echo.hold = asyncio.Event()
    api = gateway.with_key(await gateway.key(await gateway.organization()))
    asked = [asyncio.create_task(api.get("/v1/cases")) for _ in range(3)]

    async def full() -> bool:
        return pool.full

    await until(full, timeout=5, what="a full pool")
    refused = await api.get("/v1/cases")
    assert (refused.status, refused.code) == (503, "overloaded")
    echo.hold.set()
    assert [answer.status for answer in await asyncio.gather(*asked)] == [200, 200, 200]
    assert pool.busy == 0


class Asked:
    """A request to be forwarded, as bare values."""

    def __init__(self, method: str, query: bytes = b"") -> None:
        self.method = method
        self.raw_path = b"/v1/x"
        self.query = query
        self.request_id = "r"
        self.idempotency_key = b""
        self.passed_on = [b"accept: */*\r\n"]


def test_request_head_is_exact() -> None:
    head = request_head(Asked("POST", b"a=1"), "ingest", identity=b"I", client="c", traceparent="t", length=3)
    assert head == (
        b"POST /v1/x?a=1 HTTP/1.1\r\nhost: ingest\r\nx-cxloop-identity: I\r\nx-request-id: r\r\nx-forwarded-for: c\r\n"
        b"accept: */*\r\ntraceparent: t\r\ncontent-length: 3\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "length", "first", "framing"),
    [
        ("HEAD", 0, b"GET ", b""),
        ("GET", 0, b"GET ", b""),
        ("DELETE", 0, b"DELETE ", b""),
        ("POST", 0, b"POST ", b"content-length: 0\r\n"),
        ("PUT", None, b"PUT ", b"transfer-encoding: chunked\r\n"),
    ],
)
def test_framing(method: str, length: int | None, first: bytes, framing: bytes) -> None:
    head = request_head(Asked(method), "loop", identity=b"I", client="c", traceparent=None, length=length)
    assert head.startswith(first)
    assert head.endswith(b"accept: */*\r\n" + framing + b"\r\n")
