"""uvicorn's protocol with a deadline and a size for the head of a request: slow or endless headers end the connection.

uvicorn waits for ever for the rest of a head (300 half requests were still open after 20 s) and puts no limit on its
size. Bodies are watched further in (request_limits), where the route and its cap are known.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.contracts.problems import Code, Problem

HEAD_WITHIN_S = 10.0
MAX_HEAD_BYTES = 64 * 1024
"""Beyond this not even the error is worth parsing; up to here the edge answers 431 as problem+json."""


def _answer(status: str, code: Code, detail: str) -> bytes:
    body = orjson.dumps(Problem(code, detail).body(""))
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


_TOO_LARGE = _answer("431 Request Header Fields Too Large", Code.HEADERS_TOO_LARGE, "Send fewer headers.")
_TOO_SLOW = _answer("408 Request Timeout", Code.BODY_TOO_SLOW, "The request did not arrive in time; send it at once.")


class DeadlineProtocol(HttpToolsProtocol):
    """HttpToolsProtocol whose heads must arrive within HEAD_WITHIN_S and MAX_HEAD_BYTES."""

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if self._waiting is None:
                self._expect_head()  # the first bytes of the next request on a kept connection
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._end_with(_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        # uvicorn adds trailers of a chunked body to the headers, where a later reader would believe them (seen).
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def _expect_head(self) -> None:
        self._waiting = self.loop.call_later(HEAD_WITHIN_S, self._late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _late(self) -> None:
        self._waiting = None
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self._end_with(_TOO_SLOW)
        else:
            self.transport.close()  # connected and said nothing

    def _end_with(self, answer: bytes) -> None:
        self._stop_waiting()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(answer)
        self.transport.close()
