"""The gateway under test: real servers below, and services behind it that tell what reached them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from gateway.accounts import membership
from gateway.accounts.queries import OPERATOR
from gateway.accounts.roles import Role
from gateway.app import Gateway, create_app
from gateway.edge.receipt_deadline import DeadlineProtocol
from gateway.settings import GatewaySettings
from shared.contracts.identity import IDENTITY_HEADER, verify_identity
from shared.foundation.ids import new_id
from shared.foundation.serving import Serving
from tests.support.api import Api
from tests.support.servers import Servers
from tests.support.services import environment

ORIGIN = "https://shop.example.com"


class EchoService:
    """A service behind the gateway: answers with what reached it, or as the test sets `answer`."""

    def __init__(self, name: str, secret: str) -> None:
        self.name = name
        self._secret = secret
        self.calls: list[dict[str, Any]] = []
        self.hold: asyncio.Event | None = None
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        identity = verify_identity(headers[IDENTITY_HEADER], self._secret, audience=self.name)
        call = {
            "service": self.name,
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": headers,
            "body": body.decode("utf-8", "replace") if len(body) < 10_000 else None,
            "size": len(body),
            "org_id": str(identity.org_id),
            "kind": identity.kind,
            "scopes": sorted(identity.scopes),
        }
        self.calls.append(call)
        if self.hold is not None:
            await self.hold.wait()
        answer = orjson.dumps(call)
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"%d" % len(answer)),
                    *self.headers,
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer})


@dataclass
class RunningGateway:
    """A gateway with echoing services behind it."""

    settings: GatewaySettings
    app: Gateway
    address: str
    services: dict[str, EchoService]
    clients: list[Api] = field(default_factory=list)

    @property
    def pepper(self) -> str:
        return self.settings.key_pepper.get_secret_value()

    def api(self, **headers: str) -> Api:
        """A client with these fixed headers (underscores become dashes)."""
        client = Api(self.address, {name.replace("_", "-"): value for name, value in headers.items()})
        self.clients.append(client)
        return client

    def with_key(self, key: str, **headers: str) -> Api:
        """A client with an API key."""
        return self.api(authorization=f"Bearer {key}", **headers)

    async def organization(self, name: str = "Test") -> UUID:
        """A fresh organisation."""
        org_id = new_id()
        async with self.app.database.transaction(org_id) as tx:
            await membership.found_organization(tx, org_id, name, OPERATOR)
        return org_id

    async def key(self, org_id: UUID, *scopes: str, kind: str = "secret", **more: Any) -> str:
        """A key of the organisation; all scopes unless some are named."""
        values: dict[str, Any] = {"allowed_origins": [], "expires_in": None, **more}
        async with self.app.database.transaction(org_id) as tx:
            _, text = await membership.create_key(
                tx, org_id, OPERATOR, self.pepper, kind=kind, name="test", scopes=list(scopes) or None, **values
            )
        return text

    async def member(self, org_id: UUID, role: Role = "owner", email: str | None = None) -> UUID:
        """A member of the organisation."""
        async with self.app.database.transaction(org_id) as tx:
            member = await membership.add_member(
                tx, org_id, OPERATOR, self.pepper,
                email=email or f"member-{uuid4().hex}@example.org", name="Member", role=role,
            )  # fmt: skip
        return member.id

    async def signed_in(self, org_id: UUID, member_id: UUID, *, origin: bool = True) -> Api:
        """A client with the session cookie of a member, as a page of ours would call."""
        async with self.app.database.transaction(org_id) as tx:
            token = await membership.open_session(tx, org_id, member_id, self.pepper, days=1, how="test")
        headers = {"cookie": f"cxl_session={token}"}
        if origin:
            headers["origin"] = self.settings.public_origin
        return self.api(**headers)


@asynccontextmanager
async def running_gateway(servers: Servers, **overrides: Any) -> AsyncIterator[RunningGateway]:
    """Run a gateway in this process; `overrides` are settings."""
    values = environment(servers, listen="tcp://127.0.0.1:0")
    services, serving = {}, []
    for name in ("ingest", "analysis", "loop"):
        echo = EchoService(name, values["identity_secret"])
        one = Serving(echo, f"unix://{servers.folder}/echo-{name}-{uuid4().hex[:8]}.sock")
        await one.start()
        serving.append(one)
        services[name] = echo
        values[f"{name}_url"] = one.url
    # Limits far above what tests do from one address; a test of limits sets its own.
    generous = {"rate_refused_per_minute": 1_000_000, "rate_sign_in_per_minute": 1_000_000}
    settings = GatewaySettings(**{**values, **generous, **overrides})
    app = create_app(settings)
    door = Serving(app, settings.listen, http=DeadlineProtocol)
    await door.start()
    running = RunningGateway(settings, app, door.url, services)
    try:
        yield running
    finally:
        for client in running.clients:
            await client.close()
        await door.stop()
        for one in serving:
            await one.stop()


@pytest.fixture(scope="session")
async def running(servers: Servers) -> AsyncIterator[RunningGateway]:
    """One gateway for the session; tests use organisations of their own."""
    async with running_gateway(servers) as gateway:
        yield gateway


@pytest.fixture
async def gateway(running: RunningGateway) -> AsyncIterator[RunningGateway]:
    """The session's gateway, with its services forgetting what earlier tests did."""
    for service in running.services.values():
        service.calls.clear()
        service.hold, service.status, service.headers = None, 200, []
    yield running
    while running.clients:
        await running.clients.pop().close()
