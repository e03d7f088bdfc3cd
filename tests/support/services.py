"""Services running in this process: the API on a unix socket, its worker beside it, real servers below."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from shared.contracts.identity import IDENTITY_HEADER, Identity, sign_identity
from shared.database.engine import Database
from shared.foundation.ids import new_id
from shared.foundation.serving import Serving
from shared.messaging.worker import QueueWorker
from tests.support.api import Api
from tests.support.servers import Servers

IDENTITY_SECRET = "test-identity-secret-test-identity-secret"
PACKAGES = {"ingest": "ingest_service", "analysis": "analysis_service", "loop": "loop_service"}
ALL_SCOPES = frozenset(
    f"{resource}:{action}"
    for resource in (
        [
            "feedback",
            "metrics",
            "text",
            "imports",
            "customers",
            "rules",
            "cases",
            "webhooks",
            "accounts",
            "surveys",
            "sources",
            "responses",
            "live",
        ]
    )
    for action in ("read", "write", "annotate")
)
SECRETS = {
    "identity_secret": IDENTITY_SECRET,
    "encryption_key": "q" * 43 + "=",
    "key_pepper": "test-pepper-test-pepper-test-pepper-test",
}


def environment(servers: Servers, **more: Any) -> dict[str, Any]:
    """Settings values that every service under test shares."""
    return {"database_url": servers.database_url, "redis_url": servers.redis_url, **SECRETS, **more}


def identity(org_id: UUID, *scopes: str, kind: str = "secret_key") -> Identity:
    """An identity as the gateway would sign it; all scopes unless some are named."""
    return Identity(org_id, kind, new_id(), "test", frozenset(scopes) or ALL_SCOPES)  # type: ignore[arg-type]  # tests also try wrong kinds


@dataclass
class RunningService:
    """One service in this process: its app, its worker, and clients that speak as an organisation."""

    name: str
    settings: Any
    app: Any
    address: str
    worker: QueueWorker
    _clients: list[Api] = field(default_factory=list)

    @property
    def database(self) -> Database:
        found: Database = self.app.database
        return found

    def as_identity(self, who: Identity) -> Api:
        """A client that calls this service directly with a signed identity."""
        token = sign_identity(who, IDENTITY_SECRET, audience=self.name, ttl=3600)
        client = Api(self.address, {IDENTITY_HEADER: token})
        self._clients.append(client)
        return client

    def as_org(self, org_id: UUID, *scopes: str) -> Api:
        """A client of the organisation with all scopes (or those named)."""
        return self.as_identity(identity(org_id, *scopes))

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()


def settings_of(name: str, servers: Servers, **overrides: Any) -> Any:
    """The settings object of a service for tests."""
    module = importlib.import_module(f"{PACKAGES.get(name, name)}.settings")
    cls = getattr(module, f"{name.capitalize()}Settings")
    return cls(**environment(servers, listen=f"unix://{servers.folder}/{name}-{uuid4().hex[:8]}.sock") | overrides)


@asynccontextmanager
async def running_service(
    name: str, servers: Servers, *, with_worker: bool = True, **overrides: Any
) -> AsyncIterator[RunningService]:
    """Run `ingest`, `analysis` or `loop` in this process, with its worker unless told otherwise."""
    package = PACKAGES[name]
    settings = settings_of(name, servers, **overrides)
    app = importlib.import_module(f"{package}.app").create_app(settings)
    serving = Serving(app, settings.listen)
    await serving.start()
    worker_module = importlib.import_module(f"{package}.worker")
    database = await Database.connect(settings.database_url, role=f"cxloop_{name}", pool_size=8)
    async with worker_module.worker_resources(settings, database) as resources:
        worker = QueueWorker(name, settings.redis_url, database, {"settings": settings, **resources})
        if with_worker:
            await worker.start()
        running = RunningService(name, settings, app, serving.url, worker)
        try:
            yield running
        finally:
            await running.close_clients()
            if with_worker:
                await worker.stop()
            await database.close()
            await serving.stop()
