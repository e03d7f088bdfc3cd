"""Health, readiness and metrics over HTTP: the same three paths for every process, API or worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.foundation.serving import Serving

Check = Callable[[], Awaitable[None]]
PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
CHECK_TIMEOUT_S = 2.0


async def readiness(checks: Mapping[str, Check], optional: Mapping[str, Check]) -> tuple[int, dict[str, Any]]:
    """(status, document): 503 when a needed dependency fails; `degraded`, still 200, when only an optional one does."""
    found: dict[str, str] = {}
    ready, degraded = True, False
    for name, check in [*checks.items(), *optional.items()]:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
            found[name] = "ok"
        except Exception as error:
            found[name] = f"failed: {type(error).__name__}"
            if name in checks:
                ready = False
            else:
                degraded = True
    status = "ready" if ready and not degraded else "degraded" if ready else "unavailable"
    return (200 if ready else 503), {"status": status, "dependencies": found}


async def answer(
    path: str, send: Any, checks: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> None:
    """Answer one of PATHS over ASGI."""
    kind = b"application/json"
    if path == "/metrics":
        status, body, kind = 200, generate_latest(), CONTENT_TYPE_LATEST.encode()
    elif path == "/healthz":
        status, body = 200, b'{"status":"ok"}'
    else:
        status, document = await readiness(checks, optional or {})
        body = orjson.dumps(document)
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Admin:
    """The admin address of a worker; does nothing when no address is set."""

    def __init__(self, serving: Serving | None) -> None:
        self._serving = serving

    async def stop(self) -> None:
        if self._serving is not None:
            await self._serving.stop()


async def serve_admin(
    listen: str, *, readiness: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> Admin:
    """Serve health, readiness and metrics at `listen` (empty: nowhere)."""
    if not listen:
        return Admin(None)

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        path = scope["path"]
        if path in PATHS:
            await answer(path, send, readiness, optional)
        else:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    serving = Serving(app, listen)
    await serving.start()
    return Admin(serving)
