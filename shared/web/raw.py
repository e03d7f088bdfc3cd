"""Raw ASGI answers and bodies, for the few routes where FastAPI's cost per request matters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared.contracts.identity import Identity
from shared.contracts.problems import Code, Problem

RawHandler = Callable[[Any, Any, Any, Identity, bytes], Awaitable[None]]
"""async (scope, receive, send, identity, body) → None."""


async def read_body(receive: Any, limit: int) -> bytes:
    """The whole body. Raises Problem(BODY_TOO_LARGE) beyond `limit` bytes, ConnectionError when the client left."""
    first = await receive()
    if first["type"] == "http.disconnect":
        raise ConnectionError("client left")
    body: bytes = first.get("body", b"")
    if not first.get("more_body"):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    parts, size, more = [body], len(body), True
    while more:
        if size > limit:
            raise _too_large(limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("client left")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    if size > limit:
        raise _too_large(limit)
    return b"".join(parts)


def _too_large(limit: int) -> Problem:
    return Problem(Code.BODY_TOO_LARGE, f"The body is larger than {limit} bytes. Send it in parts.")


def header(scope: Any, name: bytes) -> bytes | None:
    """The first header `name` (lower case), or None."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


async def respond(
    send: Any,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    kind: str = "application/json",
) -> None:
    """Send one whole answer."""
    lines = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    if headers:
        lines = [line for line in lines if line[0].decode() not in headers]
        lines += [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
