"""Carrying an admitted request to its service and the answer back.

The head of the request is written anew: method, the very path that was matched, the headers on the edge's list, and
what the gateway vouches for (identity, request id, trace, client address). Nothing else of the client gets through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from gateway.forwarding.connections import AnswerLate, UpstreamConnection, UpstreamFailure
from gateway.forwarding.pool import Upstream
from gateway.forwarding.table import Route
from shared.contracts.identity import IDENTITY_HEADER
from shared.contracts.problems import Code, Problem

Header = tuple[bytes, bytes]

NOT_PASSED_BACK: frozenset[bytes] = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"date",
        b"server",
        b"x-request-id",
        b"set-cookie",
    }
)
"""Headers of a service's answer that end here: hop-by-hop ones, those the gateway writes itself, and cookies, which
only the gateway sets."""

BETWEEN_PARTS_S = 30.0
"""How long a service may pause within an answer."""

REPLAYABLE: frozenset[str] = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})

_IDENTITY_LINE = f"\r\n{IDENTITY_HEADER}: ".encode()


class Outbound(Protocol):
    """What forwarding needs to know of a request (edge.inbound.Inbound has it)."""

    method: str
    raw_path: bytes
    query: bytes
    request_id: str
    idempotency_key: bytes
    passed_on: list[bytes]


def request_head(
    request: Outbound,
    service: str,
    *,
    identity: bytes,
    client: str,
    traceparent: str | None,
    length: int | None,
) -> bytes:
    """The head of the request to the service; `length` None means chunked."""
    method = "GET" if request.method == "HEAD" else request.method  # the server drops the body of the answer
    target = b"%b?%b" % (request.raw_path, request.query) if request.query else request.raw_path
    lines = [
        b"%b %b HTTP/1.1\r\nhost: %b" % (method.encode(), target, service.encode()),
        _IDENTITY_LINE,
        identity,
        b"\r\nx-request-id: %b\r\nx-forwarded-for: %b\r\n" % (request.request_id.encode(), client.encode()),
        *request.passed_on,
    ]
    if traceparent is not None:
        lines.append(b"traceparent: %b\r\n" % traceparent.encode())
    if length is None:
        lines.append(b"transfer-encoding: chunked\r\n\r\n")
    elif length or method not in ("GET", "DELETE"):
        lines.append(b"content-length: %d\r\n\r\n" % length)
    else:
        lines.append(b"\r\n")
    return b"".join(lines)


class Forwarder:
    """Sends requests to the services behind the gateway."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self.upstreams = dict(upstreams)

    async def forward(
        self,
        request: Outbound,
        route: Route,
        *,
        identity: bytes,
        client: str,
        traceparent: str | None,
        body: bytes | AsyncIterator[bytes],
        length: int | None,
        send: Any,
        extra: list[Header],
    ) -> int:
        """Forward one request and send its answer with the headers `extra`; returns the status.

        `length` is the length of `body` as announced, None when unknown. Raises Problem before anything was sent to
        the client, BrokenAnswer after.
        """
        upstream = self.upstreams[route.service]
        if upstream.full:
            raise Problem(Code.OVERLOADED, "Too many requests are under way. Try again in a second.")
        head = request_head(
            request, route.service, identity=identity, client=client, traceparent=traceparent, length=length
        )
        try:
            connection = await upstream.exchange(
                head,
                body,
                deadline_s=route.answer_within_s,
                replayable=request.method in REPLAYABLE or bool(request.idempotency_key),
                chunked=length is None,
            )
        except UpstreamFailure as failure:
            raise _problem(failure) from failure
        whole = False
        try:
            status = connection.status
            await _pass_back(connection, send, extra)
            whole = True
        finally:
            upstream.release(connection, broken=not whole)
        return status

    def close(self) -> None:
        """Close the connections to all services."""
        for upstream in self.upstreams.values():
            upstream.close()


class BrokenAnswer(Exception):
    """The service stopped within its answer; the client's connection must be closed so that it notices."""


async def _pass_back(connection: UpstreamConnection, send: Any, extra: list[Header]) -> None:
    headers = [header for header in connection.headers if header[0] not in NOT_PASSED_BACK]
    headers += extra
    if connection.complete:  # nearly always: head and body came together
        body = connection.take()
        await send({"type": "http.response.start", "status": connection.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": connection.status, "headers": headers})
    try:
        while True:
            connection.extend(BETWEEN_PARTS_S)
            part = await connection.chunk()
            if not part:
                break
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except UpstreamFailure as failure:
        raise BrokenAnswer from failure
    await send({"type": "http.response.body", "body": b""})


def _problem(failure: UpstreamFailure) -> Problem:
    if isinstance(failure, AnswerLate):
        return Problem(
            Code.UPSTREAM_TIMEOUT,
            "The request may still take effect. Ask for its result, or repeat it with the same Idempotency-Key.",
        )
    return Problem(
        Code.UPSTREAM_UNAVAILABLE,
        "The service does not answer now. Try again after the time in Retry-After; if the request changes something, "
        "with the same Idempotency-Key.",
    )
