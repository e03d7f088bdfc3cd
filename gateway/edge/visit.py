"""One request on its way through the door: what is known of it so far, and the headers its answer will carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from gateway.edge.authenticate import Caller
from gateway.edge.browser_policy import API_HEADERS, BROWSER_API_HEADERS, PAGE_HEADERS, STRICT_TRANSPORT, readable_by
from gateway.edge.inbound import Inbound
from gateway.edge.rate_limit import Verdict
from gateway.forwarding.table import Route
from shared.contracts.problems import Problem

Header = tuple[bytes, bytes]


class Visit:
    """Built at step 1, filled by the steps after it."""

    __slots__ = (
        "caller", "client", "inbound", "origin_allowed", "receive", "route", "secure", "send", "status", "traceparent",
        "verdict",
    )  # fmt: skip

    def __init__(self, inbound: Inbound, receive: Any, send: Any, *, client: str, secure: bool) -> None:
        self.inbound = inbound
        self.receive = receive
        self.send = send
        self.client = client
        self.secure = secure
        self.route: Route | None = None
        self.caller: Caller | None = None
        self.verdict: Verdict | None = None
        self.origin_allowed = False
        self.traceparent: str | None = None
        self.status = 0
        """Status of the answer; 0 while none has begun."""

    def headers(self) -> list[Header]:
        """The gateway's own headers for an API answer."""
        browsers = self.route is not None and self.route.browsers
        lines: list[Header] = [
            (b"x-request-id", self.inbound.request_id.encode()),
            *(BROWSER_API_HEADERS if browsers else API_HEADERS),
        ]
        if self.verdict is not None:
            lines += self.verdict.headers()
        if self.origin_allowed:
            lines += readable_by(self.inbound.origin)
        elif browsers:
            lines.append((b"vary", b"Origin"))
        if self.secure:
            lines.append(STRICT_TRANSPORT)
        return lines

    def page_headers(self) -> list[Header]:
        """The gateway's own headers for a page or one of its files."""
        lines: list[Header] = [(b"x-request-id", self.inbound.request_id.encode()), *PAGE_HEADERS]
        if self.secure:
            lines.append(STRICT_TRANSPORT)
        return lines

    async def watched_send(self, message: Any) -> None:
        """The server's `send`, noting the status."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)

    async def respond(self, status: int, body: bytes, headers: Iterable[Header]) -> None:
        """Send one whole answer with exactly these headers."""
        await self.watched_send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"content-length", b"%d" % len(body))] if status != 204 else [*headers],
            }
        )
        await self.watched_send({"type": "http.response.body", "body": body})

    async def respond_problem(self, problem: Problem) -> None:
        """Send a problem+json answer."""
        body = orjson.dumps(problem.body(self.inbound.request_id))
        await self.respond(
            problem.status,
            body,
            [
                (b"content-type", b"application/problem+json"),
                *((name.lower().encode(), value.encode("latin-1")) for name, value in problem.headers.items()),
                *self.headers(),
            ],
        )
