"""Command line of the loop service: `python -m loop_service api | worker | migrate`."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from loop_service.settings import LoopSettings
from shared.web.roles import run_role

if TYPE_CHECKING:
    from shared.database import Database
    from shared.web.service_app import ServiceApp


def _app(settings: LoopSettings) -> ServiceApp:
    from loop_service.app import create_app

    return create_app(settings)


def _resources(settings: LoopSettings, database: Database) -> AbstractAsyncContextManager[dict[str, Any]]:
    from loop_service.worker import worker_resources

    return worker_resources(settings, database)


def main(arguments: list[str]) -> int:
    """Run one role; the exit status (2: wrong call or settings)."""
    return run_role(arguments, LoopSettings, app=_app, resources=_resources)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
