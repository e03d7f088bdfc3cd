"""The ingest worker: imports in slices, and cases into timelines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ingest_service.customers.handlers
import ingest_service.imports.handlers  # noqa: F401 - importing registers the handlers
from ingest_service.settings import IngestSettings
from shared.database import Database


@asynccontextmanager
async def worker_resources(settings: IngestSettings, database: Database) -> AsyncIterator[dict[str, Any]]:
    """What the handlers of this service need beside the database: nothing yet."""
    yield {}
