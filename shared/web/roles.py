"""The roles a service runs in, as its command line: `python -m <service> api | worker | migrate`.

What a role does not need is not imported: the callables that build the application and the worker's resources import
their modules when they are called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import uvloop

from shared.database.engine import Database
from shared.foundation.settings import ServiceSettings, SettingsError
from shared.web.service_app import ServiceApp

Settings = TypeVar("Settings", bound=ServiceSettings)

WRONG_CALL = 2
"""Exit status of a wrong call or wrong settings."""


def run_role(
    arguments: list[str],
    settings_class: type[Settings],
    *,
    app: Callable[[Settings], ServiceApp],
    resources: Callable[[Settings, Database], AbstractAsyncContextManager[dict[str, Any]]],
) -> int:
    """Run one role until it is told to end; returns the exit status."""
    service = settings_class.service
    if len(arguments) != 1 or arguments[0] not in ("api", "worker", "migrate"):
        print(f"usage: python -m {service}_service api | worker | migrate", file=sys.stderr)
        return WRONG_CALL
    try:
        settings = settings_class.load()
    except SettingsError as refused:
        print(f"{service}: {refused}", file=sys.stderr)
        return WRONG_CALL
    if arguments[0] == "api":
        from shared.web.service_app import serve

        uvloop.run(serve(app(settings)))
    elif arguments[0] == "worker":
        from shared.messaging.worker import run_worker

        uvloop.run(run_worker(settings, resources))
    else:
        from shared.database.migrate import main as migrate

        migrate(service, url=settings.database_url)
    return 0
