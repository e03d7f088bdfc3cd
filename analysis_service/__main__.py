"""Command line of the analysis service: `python -m analysis_service api | worker | migrate`."""

from __future__ import annotations

import sys

import uvloop

from analysis_service.settings import AnalysisSettings
from shared.foundation.settings import SettingsError

USAGE = "usage: python -m analysis_service api | worker | migrate"


def main(arguments: list[str]) -> int:
    """Run one role; returns the exit status (2: wrong call or settings)."""
    if len(arguments) != 1 or arguments[0] not in ("api", "worker", "migrate"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = AnalysisSettings.load()
    except SettingsError as refused:
        print(f"analysis: {refused}", file=sys.stderr)
        return 2
    if arguments[0] == "api":
        from analysis_service.app import create_app
        from shared.web.service_app import serve

        uvloop.run(serve(create_app(settings)))
    elif arguments[0] == "worker":
        from analysis_service.worker import work

        uvloop.run(work(settings))
    else:
        from shared.database.migrate import main as migrate

        migrate("analysis", url=settings.database_url)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
