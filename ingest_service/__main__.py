"""Command line of the ingest service: `python -m ingest_service api | worker | migrate`."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from ingest_service.settings import IngestSettings
from shared.web.roles import run_role

if TYPE_CHECKING:
    from shared.database import Database
    from shared.web.service_app import ServiceApp


def _app(settings: IngestSettings) -> ServiceApp:
    from ingest_service.app import create_app

    return create_app(settings)


def _resources(settings: IngestSettings, database: Database) -> AbstractAsyncContextManager[dict[str, Any]]:
    from ingest_service.worker import worker_resources

    return worker_resources(settings, database)


def main(arguments: list[str]) -> int:
    """Run one role; the exit status (2: wrong call or settings)."""
    return run_role(arguments, IngestSettings, app=_app, resources=_resources)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
