"""The smallest ASGI app there is: reads the body, answers 202. What the loader can at most drive on this machine."""

from __future__ import annotations

from typing import Any

BODY = b'{"status":"accepted"}'
_START = {
    "type": "http.response.start",
    "status": 202,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
_BODY = {"type": "http.response.body", "body": BODY}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Any path, any method."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(_START)
    await send(_BODY)
