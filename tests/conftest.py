"""Fixtures of the whole suite: servers per session, an organisation per test, services on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from shared.foundation.ids import new_id
from tests.loop_service.outside import MailSink, Receiver, running_mail_sink, running_receiver
from tests.support.servers import Servers, running_servers
from tests.support.services import RunningService, running_service
from tests.support.stack import RunningStack, Tenant, running_stack


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Real PostgreSQL and Valkey, migrated."""
    with running_servers() as running:
        yield running


@pytest.fixture
def organisation() -> UUID:
    """A fresh organisation: what isolates one test from another."""
    return new_id()


@pytest.fixture(scope="session")
async def ingest(servers: Servers) -> AsyncIterator[RunningService]:
    """The ingest service with its worker."""
    async with running_service("ingest", servers) as running:
        yield running


@pytest.fixture(scope="session")
async def analysis(servers: Servers) -> AsyncIterator[RunningService]:
    """The analysis service with its worker."""
    async with running_service("analysis", servers) as running:
        yield running


@pytest.fixture(scope="session")
async def loop(servers: Servers) -> AsyncIterator[RunningService]:
    """The loop service with its worker."""
    async with running_service("loop", servers) as running:
        yield running


@pytest.fixture(scope="session")
async def outside() -> AsyncIterator[tuple[Receiver, MailSink]]:
    """A webhook receiver and a mail server for the whole stack."""
    async with running_receiver() as receiver, running_mail_sink() as mail_sink:
        yield receiver, mail_sink


@pytest.fixture(scope="session")
def stack_servers() -> Iterator[Servers]:
    """Servers of the whole stack's own, so that no other worker of the session takes its work."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="session")
async def stack(stack_servers: Servers, outside: tuple[Receiver, MailSink]) -> AsyncIterator[RunningStack]:
    """All services with their workers behind the gateway."""
    receiver, mail_sink = outside
    loop_settings = {
        "webhook_allowed_hosts": receiver.host,
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_sink.port,
        "smtp_tls": "none",
        "mail_from": "cxloop <cxloop@example.com>",
    }
    async with running_stack(stack_servers, loop=loop_settings) as running:
        yield running


@pytest.fixture
async def tenant(stack: RunningStack) -> Tenant:
    """A fresh organisation on the stack, with keys and a client."""
    return await stack.tenant()


@pytest.fixture
def gateway_url(stack: RunningStack) -> str:
    """Where the gateway of the stack is reached."""
    return stack.gateway_url


@pytest.fixture
def secret_key(tenant: Tenant) -> str:
    """A secret key of the test's organisation."""
    return tenant.secret_key


@pytest.fixture
def dashboard_url(tenant: Tenant) -> str:
    """A sign-in link to the dashboard that may be used again."""
    return tenant.dashboard_url
