"""The pool against real servers: dying connections, deadlines, streams, addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.forwarding.connections import (
    AnswerLate,
    ConnectionDied,
    NotConnected,
    UpstreamConnection,
)
from gateway.forwarding.pool import parse_addresses
from tests.gateway.forwarding.upstreams import (
    HEAD,
    OK,
    Server,
    answers,
    ask,
    body_of,
    closed_port,
    serving,
    until,
    upstream,
)


async def _dies_on_second_request(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await server.request(reader)
    writer.write(OK)
    await server.request(reader)
    writer.transport.abort()


async def test_replayable_request_is_sent_again_when_a_reused_connection_dies_without_answer() -> None:
    async with serving(_dies_on_second_request) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"ok")
        assert await ask(pool, replayable=True) == (200, b"ok")
        assert len(server.requests) == 3
        pool.close()


async def test_request_that_is_not_replayable_is_sent_once() -> None:
    async with serving(_dies_on_second_request) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"ok")
        with pytest.raises(ConnectionDied):
            await ask(pool, replayable=False)
        assert len(server.requests) == 2
        pool.close()


async def test_a_fresh_connection_that_dies_is_not_tried_again() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.transport.abort()

    async with serving(script) as server:
        pool = upstream(server)
        with pytest.raises(ConnectionDied):
            await ask(pool)
        assert len(server.requests) == 1
        pool.close()


async def test_connection_closed_while_idle_is_replaced_even_for_what_is_not_replayable() -> None:
    async with serving(answers(OK, then_close=True)) as server:
        pool = upstream(server)
        assert await ask(pool, replayable=False) == (200, b"ok")
        await asyncio.sleep(0.05)
        assert await ask(pool, replayable=False) == (200, b"ok")
        assert server.connections == 2
        pool.close()


async def test_slow_answer_is_late_and_its_connection_is_not_used_again() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        if server.connections == 1:
            await reader.read()
        writer.write(OK)
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        with pytest.raises(AnswerLate):
            await ask(pool, deadline_s=0.05)
        assert await ask(pool) == (200, b"ok")
        assert server.connections == 2
        pool.close()


async def test_body_that_stalls_is_late() -> None:
    async with serving(answers(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab")) as server:
        pool = upstream(server)
        connection = await pool.exchange(HEAD, None, deadline_s=2, replayable=True)
        connection.extend(0.05)
        with pytest.raises(AnswerLate):
            await body_of(connection)
        pool.release(connection, broken=True)
        pool.close()


async def test_cancelled_request_gives_its_connection_up() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        task = asyncio.create_task(ask(pool))
        await until(lambda: len(server.requests) == 1)
        assert pool.busy == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pool.busy == 0
        pool.close()


async def test_nobody_listens() -> None:
    pool = upstream(closed_port())
    with pytest.raises(NotConnected):
        await ask(pool)
    assert not await pool.reachable()
    pool.close()


async def test_waits_for_a_service_that_restarts() -> None:
    address = closed_port()
    pool = upstream(address)
    asked = asyncio.create_task(ask(pool, replayable=False))
    await asyncio.sleep(0.08)
    server = Server(answers(OK))
    listener = await asyncio.start_server(server.accept, "127.0.0.1", int(address.rsplit(":", 1)[1]))
    assert await asked == (200, b"ok")
    pool.close()
    listener.close()


async def test_passes_over_an_address_that_refuses() -> None:
    async with serving(answers(*[OK] * 10)) as server:
        pool = upstream(closed_port(), server, closed_port())
        for _ in range(6):
            assert await ask(pool) == (200, b"ok")
        pool.close()


async def test_takes_addresses_in_turn() -> None:
    async with serving(answers(*[OK] * 10)) as one, serving(answers(*[OK] * 10)) as two:
        pool = upstream(one, two)
        for _ in range(8):
            await ask(pool)
        assert len(one.requests) == len(two.requests) == 4
        pool.close()


async def _parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_streams_a_body_chunked() -> None:
    got: list[bytes] = []

    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        got.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(OK)
        await server.request(reader)
        writer.write(OK)
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        head = b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
        body = _parts(b"abc", b"", b"defgh")
        connection = await pool.exchange(head, body, deadline_s=2, replayable=False, chunked=True)
        assert await body_of(connection) == b"ok"
        pool.release(connection)
        assert got == [b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"]
        assert await ask(pool) == (200, b"ok")
        assert server.connections == 1
        pool.close()


async def test_early_refusal_of_a_stream_is_the_answer_and_ends_the_connection() -> None:
    answered = asyncio.Event()

    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        answered.set()
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await answered.wait()
        await asyncio.sleep(0.02)
        for _ in range(1000):
            yield b"x" * 65536
        raise AssertionError("the rest should not have been asked for")

    async with serving(script) as server:
        pool = upstream(server)
        head = b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
        connection = await pool.exchange(head, endless(), deadline_s=2, replayable=False, chunked=True)
        assert connection.status == 413
        assert await body_of(connection) == b""
        assert not connection.reusable
        pool.release(connection)
        pool.close()


async def test_failing_body_source_ends_the_connection_and_shows_its_error() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise ValueError("the client went away")

    async with serving(answers(OK)) as server:
        pool = upstream(server)
        with pytest.raises(ValueError, match="went away"):
            await pool.exchange(HEAD, failing(), deadline_s=2, replayable=False, chunked=True)
        assert pool.busy == 0
        pool.close()


async def test_large_answer_to_a_slow_reader_is_held_back() -> None:
    size = 64 * 1024 * 1024
    sent = 0

    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        while sent < size:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        connection = await pool.exchange(HEAD, None, deadline_s=20, replayable=True)
        await asyncio.sleep(0.1)
        assert sent < size // 2, "reading paused while nobody takes"
        received = 0
        while part := await connection.chunk():
            received += len(part)
        assert received == size
        pool.release(connection)
        pool.close()


async def test_close_fails_what_is_under_way() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        task = asyncio.create_task(ask(pool))
        await until(lambda: len(server.requests) == 1)
        pool.close()
        with pytest.raises((ConnectionDied, NotConnected)):
            await task


@given(st.lists(st.integers(min_value=1, max_value=9), max_size=12))
def test_any_cutting_of_an_answer_reads_the_same(cuts: list[int]) -> None:
    """Split at any places, an answer with an informational one before it and two chunks reads the same."""
    wire = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 201 Created\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    )

    class Transport(asyncio.Transport):
        def write(self, data: object) -> None: ...

        def is_closing(self) -> bool:
            return False

    loop = asyncio.new_event_loop()
    try:
        connection = UpstreamConnection(loop)
        connection.connection_made(Transport())
        connection.begin(head_only=False, deadline_s=60)
        connection.write(HEAD)
        connection.sent_whole = True
        position = 0
        while position < len(wire):
            step = cuts.pop() if cuts else len(wire)
            connection.data_received(wire[position : position + step])
            position += step
        assert connection.complete
        assert connection.reusable
        assert (connection.status, connection.take()) == (201, b"abcdefg")
        connection.finished()
    finally:
        loop.close()


@pytest.mark.parametrize("text", ["", "ftp://x", "unix://", "127.0.0.1:80", "tcp://"])
def test_addresses_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError):
        parse_addresses(text)
