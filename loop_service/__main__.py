"""Command line of the loop service: `python -m loop_service api | worker | migrate`."""

import sys

import uvloop

from loop_service.settings import LoopSettings
from shared.foundation.settings import SettingsError

USAGE = "usage: python -m loop_service api | worker | migrate"


async def _api(settings: LoopSettings) -> None:
    from loop_service.app import create_app
    from shared.web.service_app import serve

    await serve(create_app(settings))


async def _worker(settings: LoopSettings) -> None:
    from loop_service.worker import worker_resources
    from shared.database import Database
    from shared.messaging.worker import run_worker
    from shared.telemetry import logs, tracing

    logs.configure(settings.service, settings.log_level)
    tracing.configure(settings)
    database = await Database.connect(
        settings.database_url,
        role=f"cxloop_{settings.service}",
        pool_size=settings.db_pool_size,
        application_name=settings.instance_name or "cxloop-loop-worker",
    )
    async with worker_resources(settings, database) as resources:
        await run_worker(settings, database, resources)
    tracing.shutdown()


def main(arguments: list[str]) -> int:
    """Run one role; the exit status (2: wrong call or settings)."""
    if len(arguments) != 1 or arguments[0] not in ("api", "worker", "migrate"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = LoopSettings.load()
    except SettingsError as bad:
        print(f"loop: {bad}", file=sys.stderr)
        return 2
    if arguments[0] == "migrate":
        from shared.database.migrate import main as migrate

        migrate("loop", url=settings.database_url)
    else:
        uvloop.run(_api(settings) if arguments[0] == "api" else _worker(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
