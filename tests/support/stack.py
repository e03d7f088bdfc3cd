"""The whole of cxloop in this process: three services with workers, the gateway before them, real servers below."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway.accounts import membership
from gateway.accounts.queries import OPERATOR
from gateway.app import Gateway, create_app
from gateway.edge.receipt_deadline import DeadlineProtocol
from gateway.settings import GatewaySettings
from shared.foundation.ids import new_id
from shared.foundation.serving import Serving
from tests.support.api import Api
from tests.support.drain import drained
from tests.support.servers import Servers
from tests.support.services import RunningService, environment, running_service

SHOP_ORIGIN = "https://shop.example.com"


@dataclass
class Tenant:
    """A fresh organisation with its keys, and a client with the secret one."""

    org_id: UUID
    secret_key: str
    publishable_key: str
    owner_email: str
    dashboard_url: str
    api: Api
    database_url: str

    async def drained(self) -> None:
        """Wait until every event of the organisation is settled."""
        await drained(self.database_url, self.org_id)


@dataclass
class RunningStack:
    """Everything, behind one address."""

    gateway_url: str
    gateway: Gateway
    servers: Servers
    services: dict[str, RunningService]
    clients: list[Api] = field(default_factory=list)

    def client(self, **headers: str) -> Api:
        """A client of the gateway with these fixed headers (underscores become dashes)."""
        made = Api(self.gateway_url, {name.replace("_", "-"): value for name, value in headers.items()})
        self.clients.append(made)
        return made

    async def tenant(self, *origins: str) -> Tenant:
        """Found an organisation with an owner, a secret and a publishable key."""
        pepper = self.gateway.settings.key_pepper.get_secret_value()
        org_id = new_id()
        email = f"owner-{org_id}@example.org"
        async with self.gateway.database.transaction(org_id) as tx:
            await membership.found_organization(tx, org_id, "Test", OPERATOR)
            member = await membership.add_member(tx, org_id, OPERATOR, pepper, email=email, name="Owner", role="owner")
            more: dict[str, Any] = {"expires_in": None, "scopes": None}
            _, secret = await membership.create_key(
                tx, org_id, OPERATOR, pepper, kind="secret", name="test", allowed_origins=[], **more
            )
            _, publishable = await membership.create_key(
                tx, org_id, OPERATOR, pepper, kind="publishable", name="test",
                allowed_origins=list(origins or (SHOP_ORIGIN,)), **more,
            )  # fmt: skip
            _, token = await membership.create_sign_in_link(
                tx, member, OPERATOR, pepper, reusable=True, expires_in=3600
            )
        return Tenant(
            org_id,
            secret,
            publishable,
            email,
            f"{self.gateway_url}/sign-in?token={token}",
            self.client(authorization=f"Bearer {secret}"),
            self.servers.database_url,
        )


@asynccontextmanager
async def running_stack(servers: Servers, **overrides: dict[str, Any]) -> AsyncIterator[RunningStack]:
    """Run everything on `servers`; `overrides` are settings by service name (gateway=…, loop=…)."""
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(running_service(name, servers, **overrides.get(name, {})))
            for name in ("ingest", "analysis", "loop")
        }
        upstreams = {f"{name}_url": service.address for name, service in services.items()}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        url = f"http://{address}"
        generous = {"rate_refused_per_minute": 1_000_000, "rate_sign_in_per_minute": 1_000_000}
        values = environment(servers, listen=f"tcp://{address}", public_url=url, **generous, **upstreams)
        gateway = create_app(GatewaySettings(**(values | overrides.get("gateway", {}))))
        serving = Serving(gateway, gateway.settings.listen, http=DeadlineProtocol)
        await serving.start()
        stack.push_async_callback(serving.stop)
        running = RunningStack(url, gateway, servers, services)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.close()
