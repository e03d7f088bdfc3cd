"""The door at the level of bytes: smuggling, slow and endless requests, sizes. Raw sockets, no client library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.gateway.conftest import RunningGateway
from tests.support.drain import until


@asynccontextmanager
async def line(gateway: RunningGateway) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(gateway.address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(gateway: RunningGateway, request: bytes, *, timeout: float = 8) -> bytes:
    """Send `request` and read until the server closes or has answered and is silent."""
    async with line(gateway) as (reader, writer):
        writer.write(request)
        answer = b""
        try:
            async with asyncio.timeout(timeout):
                while part := await reader.read(65536):
                    answer += part
                    head, _, body = answer.partition(b"\r\n\r\n")
                    length = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
                    if length and len(body) >= int(length[0].split(b":")[1]):
                        break
        except (TimeoutError, ConnectionError):
            pass
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.fixture
async def key(gateway: RunningGateway) -> bytes:
    return (await gateway.key(await gateway.organization())).encode()


def post(key: bytes, *headers: bytes, body: bytes = b"", path: bytes = b"/v1/feedback") -> bytes:
    lines = [b"POST %b HTTP/1.1" % path, b"host: x", b"authorization: Bearer " + key, *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "headers",
    [
        [b"content-length: 4", b"transfer-encoding: chunked"],
        [b"content-length: 4", b"content-length: 5"],
        [b"content-length: -1"],
        [b"content-length: 4 4"],
        [b"transfer-encoding: chunked, identity"],
        [b"transfer-encoding: xchunked"],
        [b"content-length : 4"],
        [b"x-folded: a\r\n b", b"content-length: 4"],
        [b"content-type: application/json", b"content-type: text/plain", b"content-length: 4"],
        [b"host: y", b"content-length: 4"],
        [b"authorization: Bearer x", b"content-length: 4"],
        [b"idempotency-key: a", b"idempotency-key: b", b"content-length: 4"],
        [b"content-encoding: gzip", b"content-length: 4"],
    ],
)
async def test_ambiguous_requests_are_refused(gateway: RunningGateway, key: bytes, headers: list[bytes]) -> None:
    answer = await exchange(gateway, post(key, *headers, body=b"0\r\n\r\n"))
    assert status(answer) in (400, 415), answer[:200]
    assert not gateway.services["ingest"].calls


async def test_bare_line_feeds_are_refused(gateway: RunningGateway, key: bytes) -> None:
    answer = await exchange(gateway, b"GET /v1/feedback HTTP/1.1\nhost: x\nauthorization: Bearer " + key + b"\n\n")
    assert status(answer) == 400


async def test_trailers_cannot_become_headers(gateway: RunningGateway, key: bytes) -> None:
    body = b"2\r\n{}\r\n0\r\nx-cxloop-identity: forged\r\nidempotency-key: late\r\n\r\n"
    answer = await exchange(gateway, post(key, b"transfer-encoding: chunked", body=body))
    assert status(answer) == 200
    assert b"forged" not in answer
    assert b"late" not in answer


async def test_pipelined_requests_are_answered_in_order(gateway: RunningGateway, key: bytes) -> None:
    one = post(key, b"content-length: 7", body=b'{"a":1}')
    two = post(key, b"content-length: 7", b"connection: close", body=b'{"a":2}')
    async with line(gateway) as (reader, writer):
        writer.write(one + two)
        answer = await asyncio.wait_for(reader.read(), 8)
    assert answer.index(b'{\\"a\\":1}') < answer.index(b'{\\"a\\":2}')


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        (b"/v1/feedback", 1024 * 1024, 200),
        (b"/v1/feedback", 1024 * 1024 + 1, 413),
        (b"/v1/feedback/batch", 16 * 1024 * 1024, 200),
        (b"/v1/feedback/batch", 16 * 1024 * 1024 + 1, 413),
    ],
)
async def test_caps_by_announced_length(
    gateway: RunningGateway, key: bytes, path: bytes, size: int, expected: int
) -> None:
    body = b"x" * size if expected == 200 else b""
    answer = await exchange(gateway, post(key, b"content-length: %d" % size, body=body, path=path))
    assert status(answer) == expected
    if expected == 413:
        assert b"connection: close" in answer.lower()
        assert b"body_too_large" in answer
        assert not gateway.services["ingest"].calls
    else:
        assert gateway.services["ingest"].calls[-1]["size"] == size


async def test_cap_of_a_chunked_body(gateway: RunningGateway, key: bytes) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = await exchange(gateway, post(key, b"transfer-encoding: chunked", body=chunk * 17))
    assert status(answer) == 413
    assert not gateway.services["ingest"].calls


async def test_an_import_streams_to_the_service_beyond_every_buffer(gateway: RunningGateway, key: bytes) -> None:
    parts = 40
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    async with line(gateway) as (reader, writer):
        writer.write(post(key, b"transfer-encoding: chunked", path=b"/v1/imports"))
        for _ in range(parts):
            writer.write(chunk)
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert status(answer) == 200
    assert gateway.services["ingest"].calls[-1]["size"] == parts * 0x100000


async def test_client_that_leaves_within_a_stream_is_not_a_whole_upload(gateway: RunningGateway, key: bytes) -> None:
    async with line(gateway) as (_, writer):
        writer.write(post(key, b"content-length: 1000000", path=b"/v1/imports") + b"x" * 1000)
        await writer.drain()
        pool = gateway.app.forwarder.upstreams["ingest"]

        async def under_way() -> bool:
            return pool.busy > 0

        await until(under_way, timeout=5, what="the stream")

    async def over() -> bool:
        return pool.busy == 0

    await until(over, timeout=5, what="giving the connection back")
    assert not gateway.services["ingest"].calls


@pytest.mark.parametrize("count", [101, 5000])
async def test_too_many_headers(gateway: RunningGateway, key: bytes, count: int) -> None:
    headers = [b"x-filler-%d: y" % number for number in range(count)]
    answer = await exchange(gateway, post(key, *headers, b"content-length: 0"))
    assert status(answer) == 431
    assert b"headers_too_large" in answer


async def test_endless_header_is_cut(gateway: RunningGateway) -> None:
    answer = await exchange(gateway, b"GET / HTTP/1.1\r\nx: " + b"y" * 200_000)
    assert status(answer) == 431


async def test_long_address_is_refused(gateway: RunningGateway, key: bytes) -> None:
    answer = await exchange(
        gateway, b"GET /v1/feedback?q=%b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n\r\n" % (b"a" * 9000, key)
    )
    assert status(answer) == 400


async def test_slow_head_is_cut(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.edge.receipt_deadline.HEAD_WITHIN_S", 0.1)
    assert status(await exchange(gateway, b"GET / HTTP/1.1\r\nhost: x\r\n")) == 408
    assert await exchange(gateway, b"") == b"", "a silent connection is closed without words"


async def test_slow_second_head_on_a_kept_connection_is_cut(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(gateway) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b'"ok"' in await asyncio.wait_for(reader.readuntil(b"}"), 5)
        monkeypatch.setattr("gateway.edge.receipt_deadline.HEAD_WITHIN_S", 0.1)
        writer.write(b"GET /healthz HT")
        assert b"408" in await asyncio.wait_for(reader.read(), 5)


async def test_slow_body_is_408(gateway: RunningGateway, key: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.edge.request_limits.GRACE_S", -5.0)
    answer = await exchange(gateway, post(key, b"content-length: 100", body=b"x"))
    assert status(answer) == 408
    assert b"body_too_slow" in answer
    assert not gateway.services["ingest"].calls


async def test_expect_continue(gateway: RunningGateway, key: bytes) -> None:
    async with line(gateway) as (reader, writer):
        writer.write(post(key, b"content-length: 2", b"expect: 100-continue"))
        assert status(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)) == 100
        writer.write(b"{}")
        assert status(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)) == 200


async def test_upgrade_is_not_followed(gateway: RunningGateway, key: bytes) -> None:
    answer = await exchange(
        gateway,
        b"GET /v1/feedback HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
        b"connection: upgrade\r\nupgrade: websocket\r\n\r\n" % key,
    )
    assert status(answer) == 200
    assert "upgrade" not in gateway.services["analysis"].calls[-1]["headers"]
