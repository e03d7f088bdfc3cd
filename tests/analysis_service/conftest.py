"""Fixtures of the analysis service: somebody who publishes feedback as ingest does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from shared.contracts.envelope import Event
from shared.messaging.work import handle
from tests.analysis_service.feeding import Feeder, as_ingest
from tests.support.servers import Servers
from tests.support.services import RunningService


@pytest.fixture(scope="session")
async def feeder(servers: Servers, analysis: RunningService) -> AsyncIterator[Feeder]:
    """Publishes feedback and has it analysed before it returns."""

    async def wake(events: Sequence[Event]) -> None:
        refs = [(one.org_id, one.id) for one in events]
        for start in range(0, len(refs), 500):
            await handle(analysis.worker.handling, "analysis.records", refs[start : start + 500])

    async with as_ingest(servers) as database:
        yield Feeder(database, wake)
