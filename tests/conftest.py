"""Fixtures of the whole suite: servers per session, an organisation per test, services on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from shared.foundation.ids import new_id
from tests.support.servers import Servers, running_servers
from tests.support.services import RunningService, running_service


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
