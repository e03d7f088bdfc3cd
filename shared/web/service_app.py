"""The ASGI application of a service: identity, raw hot routes, FastAPI for the rest, health and metrics.

1. Health, readiness and metrics answer without an identity.
2. Everything else needs the gateway's signature.
3. A raw route (method, exact path) gets identity and body; anything else goes to FastAPI.
4. Whatever is raised becomes problem+json.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from time import perf_counter
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.contracts.identity import IDENTITY_HEADER
from shared.contracts.problems import Problem
from shared.database.engine import Database
from shared.foundation.ids import new_id
from shared.foundation.serving import Serving
from shared.foundation.settings import ServiceSettings
from shared.messaging.relay import Relay
from shared.telemetry import exposition, logs, tracing
from shared.telemetry.names import REQUEST_SECONDS, REQUESTS
from shared.web import pagination
from shared.web.errors import on_error, rendered
from shared.web.identity import Verifier
from shared.web.raw import RawHandler, read_body, respond

Lifespan = Callable[["ServiceApp"], AbstractAsyncContextManager[None]]
RAW_BODY_LIMIT = 16 * 1024 * 1024 + 1024
_IDENTITY = IDENTITY_HEADER.encode()


class ServiceApp:
    """One service's API. `database`, `settings` and `resources` are there for its routes (`scope["cxloop.app"]`)."""

    has_lifespan = True
    database: Database

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        title: str,
        routers: Sequence[APIRouter],
        raw_routes: Mapping[tuple[str, str], RawHandler] | None = None,
        lifespan: Lifespan | None = None,
    ) -> None:
        self.settings = settings
        self.resources: dict[str, Any] = {}
        self.raw_routes = dict(raw_routes or {})
        self._lifespan = lifespan
        self._stack = AsyncExitStack()
        self._relay = Relay(settings.redis_url)
        self._verifier = Verifier(settings.identity_secret.get_secret_value(), settings.service)
        pagination.use_key(settings.identity_secret.get_secret_value())
        self.api = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url="/openapi.json")
        for router in routers:
            self.api.include_router(router)
        for kind in (Problem, RequestValidationError, HTTPException, Exception):
            self.api.add_exception_handler(kind, on_error)

    async def start(self) -> None:
        """Connect; called by the lifespan protocol, or by a test."""
        settings = self.settings
        self.database = await Database.connect(
            settings.database_url,
            role=f"cxloop_{settings.service}",
            pool_size=settings.db_pool_size,
            application_name=settings.instance_name or f"cxloop-{settings.service}-api",
        )
        self.database.after_commit.append(self._relay.hear)
        self._relay.start()
        if self._lifespan is not None:
            await self._stack.enter_async_context(self._lifespan(self))

    async def stop(self) -> None:
        """Finish what is under way, then disconnect."""
        await self._stack.aclose()
        await self._relay.stop()
        await self.database.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)

    async def _serve_lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        if path in exposition.PATHS:
            await exposition.answer(path, send, {"database": self.database.ping})
            return
        started = perf_counter()
        token = traceparent = None
        request_id = ""
        for name, value in scope["headers"]:
            if name == _IDENTITY:
                token = value
            elif name == b"x-request-id":
                request_id = value.decode("latin-1")[:128]
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        scope["cxloop.request_id"] = request_id = request_id or str(new_id())
        scope["cxloop.app"] = self
        raw = self.raw_routes.get((scope["method"], path))
        span = tracing.server_span(f"{self.settings.service} {scope['method']}", traceparent)
        scope["cxloop.traceparent"] = span.traceparent
        status = 0

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if path != "/openapi.json":
                scope["cxloop.identity"] = self._verifier.verify(token)
            if raw is not None:
                body = await read_body(receive, RAW_BODY_LIMIT)
                await raw(scope, receive, watched, scope["cxloop.identity"], body)
            else:
                await self.api(scope, receive, watched)
        except ConnectionError:
            status = status or 499
        except Exception as error:
            if status == 0:
                code, body, headers = rendered(error, request_id)
                await respond(watched, code, body, headers)
        finally:
            found = scope.get("route")
            route = path if raw is not None else getattr(found, "path", "unknown")
            REQUESTS.labels(self.settings.service, scope["method"], route, str(status)).inc()
            REQUEST_SECONDS.labels(self.settings.service, route).observe(perf_counter() - started)
            span.set("http.route", route)
            span.set("http.response.status_code", status)
            span.end()


async def serve(app: ServiceApp) -> None:
    """Serve `app` at its settings' address until SIGTERM or SIGINT."""
    await serve_until_signal(app, app.settings)


async def serve_until_signal(app: Any, settings: ServiceSettings, *, http: Any = "httptools") -> None:
    """Serve any ASGI app of ours until SIGTERM or SIGINT, with logs and traces configured (`http`: see Serving)."""
    logs.configure(settings.service, settings.log_level)
    tracing.configure(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = Serving(app, settings.listen, http=http)
    await serving.start()
    logs.log.info("serving", address=serving.url)
    await stop.wait()
    await serving.stop()
    tracing.shutdown()


__all__ = ["Lifespan", "ServiceApp", "serve", "serve_until_signal"]
