"""The worker side of the analysis service: which handlers it runs, and what they work with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from analysis_service.records import handlers
from analysis_service.settings import AnalysisSettings
from analysis_service.text import supported_languages
from shared.database import Database

HANDLERS = (handlers,)
"""Modules whose handlers this worker runs; importing them is what registers them."""


@asynccontextmanager
async def worker_resources(settings: AnalysisSettings, database: Database) -> AsyncIterator[dict[str, Any]]:
    """What handlers find in `handling.resources`: nothing beyond what every worker has.

    The weights are loaded first. A worker without them must not start: it would blame every event for its own fault.
    """
    supported_languages()
    yield {}
