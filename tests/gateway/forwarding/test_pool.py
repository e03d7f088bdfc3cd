"""The pool against real servers: answers of every form, and what is no answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.forwarding.connections import (
    AnswerMalformed,
    ConnectionDied,
)
from tests.gateway.forwarding.upstreams import (
    HEAD,
    OK,
    Server,
    answers,
    ask,
    body_of,
    serving,
    upstream,
)


async def test_keeps_a_connection_for_the_next_request() -> None:
    async with serving(answers(OK, OK, OK)) as server:
        pool = upstream(server)
        for _ in range(3):
            assert await ask(pool) == (200, b"ok")
        assert server.connections == 1
        pool.close()


async def test_speaks_to_a_unix_socket(tmp_path: Path) -> None:
    server = Server(answers(OK))
    listener = await asyncio.start_unix_server(server.accept, tmp_path / "s")
    pool = upstream(f"unix://{tmp_path}/s")
    assert await ask(pool) == (200, b"ok")
    pool.close()
    listener.close()


async def test_concurrent_requests_take_their_own_connections_and_get_their_own_answers() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await server.request(reader)
            name = head.split(b" ")[1]
            await asyncio.sleep(0.01)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(name), name))

    async with serving(script) as server:
        pool = upstream(server)

        async def one(number: int) -> None:
            answer = await ask(pool, head=b"GET /%d HTTP/1.1\r\nhost: s\r\n\r\n" % number)
            assert answer == (200, b"/%d" % number)

        for _ in range(3):
            await asyncio.gather(*(one(number) for number in range(20)))
        assert 20 <= server.connections <= 40
        assert pool.busy == 0
        pool.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", (200, b"abcde")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-trailer: 1\r\n\r\n", (200, b"a")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n", (304, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", (200, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK, (200, b"ok")),
    ],
)
async def test_reads_each_form_of_answer_and_keeps_the_connection(answer: bytes, expected: tuple[int, bytes]) -> None:
    async with serving(answers(answer, OK)) as server:
        pool = upstream(server)
        assert await ask(pool) == expected
        assert await ask(pool) == (200, b"ok")
        assert server.connections == 1
        pool.close()


async def test_trailers_and_informational_headers_are_not_headers_of_the_answer() -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-real: 1\r\n\r\n1\r\na\r\n0\r\nx-trailer: 1\r\n\r\n"
    )
    async with serving(answers(answer)) as server:
        pool = upstream(server)
        connection = await pool.exchange(HEAD, None, deadline_s=2, replayable=True)
        assert await body_of(connection) == b"a"
        assert [name for name, _ in connection.headers] == [b"transfer-encoding", b"x-real"]
        pool.release(connection)
        pool.close()


async def test_answer_to_head_announces_a_body_that_does_not_come() -> None:
    async with serving(answers(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")) as server:
        pool = upstream(server)
        assert await ask(pool, head_only=True) == (200, b"")
        pool.close()


async def test_body_without_length_ends_with_the_connection() -> None:
    async with serving(answers(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", then_close=True)) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"until the end")
        pool.close()


async def test_connection_close_is_not_kept() -> None:
    async with serving(answers(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\na")) as server:
        pool = upstream(server)
        await ask(pool)
        await ask(pool)
        assert server.connections == 2
        pool.close()


async def test_answer_that_arrives_byte_by_byte() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        for byte in OK:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"ok")
        pool.close()


@pytest.mark.parametrize("half", [b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\n", b"HTTP"])
async def test_half_a_head_is_a_dead_connection_and_is_not_sent_again(half: bytes) -> None:
    async with serving(answers(half, then_close=True)) as server:
        pool = upstream(server)
        with pytest.raises(ConnectionDied):
            await ask(pool)
        assert len(server.requests) == 1
        pool.close()


@pytest.mark.parametrize(
    "half",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
)
async def test_half_a_body_is_an_error_not_a_short_body(half: bytes) -> None:
    async with serving(answers(half, then_close=True)) as server:
        pool = upstream(server)
        connection = await pool.exchange(HEAD, None, deadline_s=2, replayable=True)
        with pytest.raises(ConnectionDied):
            await body_of(connection)
        pool.release(connection)
        pool.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_garbage_is_refused(garbage: bytes) -> None:
    async with serving(answers(garbage)) as server:
        pool = upstream(server)
        with pytest.raises(AnswerMalformed):
            await ask(pool)
        assert pool.busy == 0
        pool.close()


@pytest.mark.parametrize("extra", [OK, b"trailing bytes"])
async def test_bytes_after_the_answer_never_become_the_next_answer(extra: bytes) -> None:
    poisoned = OK + extra.replace(b"ok", b"no")
    async with serving(answers(poisoned, OK)) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"ok")
        assert await ask(pool) == (200, b"ok")
        assert server.connections == 2
        pool.close()


async def test_bytes_on_an_idle_connection_close_it() -> None:
    async def script(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison")
        await reader.read()

    async with serving(script) as server:
        pool = upstream(server)
        assert await ask(pool) == (200, b"ok")
        await asyncio.sleep(0.05)
        assert await ask(pool) == (200, b"ok")
        assert server.connections == 2
        pool.close()
