"""`python -m ingest_service api | worker | migrate`."""

from __future__ import annotations

import sys

from shared.foundation.settings import SettingsError

USAGE = "usage: python -m ingest_service api | worker | migrate"


async def _api() -> None:
    from ingest_service.app import create_app
    from ingest_service.settings import IngestSettings
    from shared.web.service_app import serve

    await serve(create_app(IngestSettings.load()))


async def _worker() -> None:
    from ingest_service.settings import IngestSettings
    from ingest_service.worker import worker_resources
    from shared.database import Database
    from shared.messaging.worker import run_worker
    from shared.telemetry import logs, tracing

    settings = IngestSettings.load()
    logs.configure(settings.service, settings.log_level)
    tracing.configure(settings)
    database = await Database.connect(
        settings.database_url,
        role=f"cxloop_{settings.service}",
        pool_size=settings.db_pool_size,
        application_name=settings.instance_name or "cxloop-ingest-worker",
    )
    async with worker_resources(settings, database) as resources:
        await run_worker(settings, database, resources)
    tracing.shutdown()


def _migrate() -> None:
    from ingest_service.settings import IngestSettings
    from shared.database.migrate import main

    main("ingest", url=IngestSettings.load().database_url)


def main(arguments: list[str]) -> int:
    """Run one of the processes of this service; the exit status."""
    import uvloop

    try:
        match arguments:
            case ["api"]:
                uvloop.run(_api())
            case ["worker"]:
                uvloop.run(_worker())
            case ["migrate"]:
                _migrate()
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except SettingsError as bad:
        print(f"ingest: {bad}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
