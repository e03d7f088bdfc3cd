"""The gateway's application: the door in front, forwarding and the gateway's own service behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from gateway.accounts.routes import router as accounts_router
from gateway.accounts.sign_in_routes import page_router as sign_in_page_router
from gateway.accounts.sign_in_routes import router as sign_in_router
from gateway.edge.admission import Admission
from gateway.edge.authenticate import Authenticator
from gateway.edge.door import Door
from gateway.edge.rate_limit import RateLimiter, ValkeyCounters
from gateway.forwarding.forward import Forwarder
from gateway.forwarding.pool import Upstream, parse_addresses
from gateway.live.hub import LiveHub
from gateway.own_side import OwnSide
from gateway.settings import GatewaySettings
from gateway.web.pages import router as pages_router
from shared.database import Database
from shared.web.service_app import ServiceApp


class Gateway:
    """The ASGI app that is served to the public."""

    has_lifespan = True

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.authenticator = Authenticator(
            settings.key_pepper.get_secret_value(), settings.identity_secret.get_secret_value()
        )
        self.counters = ValkeyCounters(settings.redis_url)
        self.limiter = RateLimiter(self.counters)
        self.hub = LiveHub(settings.redis_url)
        self.forwarder = Forwarder(
            {
                name: Upstream(name, parse_addresses(addresses))
                for name, addresses in (
                    ("ingest", settings.ingest_url),
                    ("analysis", settings.analysis_url),
                    ("loop", settings.loop_url),
                )
            }
        )
        # The sign-in route of the accounts stands before the pages' own: it takes links and falls back to the page.
        self.service = ServiceApp(
            settings,
            title="cxloop gateway",
            routers=[accounts_router, sign_in_router, sign_in_page_router, pages_router],
            lifespan=self._running,
        )
        self.door = Door(
            settings,
            self.authenticator,
            Admission(settings, self.authenticator, self.limiter),
            self.forwarder,
            OwnSide(
                settings,
                self.service,
                authenticator=self.authenticator,
                forwarder=self.forwarder,
                counters=self.counters,
                hub=self.hub,
            ),
        )

    @property
    def database(self) -> Database:
        """The gateway's own database."""
        return self.service.database

    @property
    def api(self) -> Any:
        """The FastAPI app of the gateway's own routes."""
        return self.service.api

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.door(scope, receive, send)
        else:
            await self.service(scope, receive, send)

    def closing(self) -> None:
        """End what would never end by itself, so that a stop is not held up; called when the server stops."""
        self.hub.close()

    @asynccontextmanager
    async def _running(self, service: ServiceApp) -> AsyncIterator[None]:
        self.authenticator.use(service.database)
        tasks = [
            asyncio.create_task(self.hub.run(), name="live hub"),
            asyncio.create_task(self.authenticator.run_marks(), name="last used"),
        ]
        try:
            yield
        finally:
            self.closing()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            with suppress(Exception):
                await self.authenticator.mark_used()
            self.forwarder.close()
            await self.limiter.close()
            await self.counters.close()


def create_app(settings: GatewaySettings) -> Gateway:
    """The gateway for `settings`; it connects when its lifespan starts."""
    return Gateway(settings)
