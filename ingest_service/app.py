"""The ingest API, put together: routers, raw routes, the intake's queue, the sources of the timeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from ingest_service.customers.routes import router as customers
from ingest_service.customers.timeline import case_entries
from ingest_service.imports.routes import router as imports
from ingest_service.intake.documentation import document
from ingest_service.intake.requests import Intake
from ingest_service.intake.routes import RAW_ROUTES
from ingest_service.intake.timeline import feedback_entries
from ingest_service.privacy.routes import router as privacy
from ingest_service.settings import IngestSettings
from ingest_service.sources.reception import VAULT_PURPOSE, Reception
from ingest_service.sources.routes import router as sources
from ingest_service.surveys.published import PublishedSurveys
from ingest_service.surveys.routes import router as surveys
from shared.database.failures import is_temporary
from shared.foundation.sealing import Vault
from shared.messaging.retry import describe
from shared.telemetry.logs import log
from shared.web.service_app import ServiceApp

FORGET_KEYS_EVERY_S: Final = 600.0


def create_app(settings: IngestSettings) -> ServiceApp:
    """The ASGI application of the ingest service."""
    app = ServiceApp(
        settings,
        title="cxloop ingest",
        routers=[customers, privacy, imports, surveys, sources],
        raw_routes=RAW_ROUTES,
        lifespan=_lifespan,
    )
    app.api.openapi = _documented(app.api.openapi)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


@asynccontextmanager
async def _lifespan(app: ServiceApp) -> AsyncIterator[None]:
    settings: IngestSettings = app.settings  # type: ignore[assignment]  # create_app takes no other
    intake = Intake(app.database, queue_records=settings.intake_queue_records)
    vault = Vault(settings.encryption_keys, purpose=VAULT_PURPOSE)
    app.resources |= {
        "intake": intake,
        "surveys": PublishedSurveys(app.database),
        "vault": vault,
        "reception": Reception(app.database, intake, vault),
        "timeline": (feedback_entries, case_entries),
    }
    forgetting = asyncio.create_task(_forget_keys(intake), name="forget idempotency keys")
    try:
        yield
    finally:
        forgetting.cancel()
        await asyncio.gather(forgetting, return_exceptions=True)
        await intake.close()


async def _forget_keys(intake: Intake) -> None:
    while True:
        await asyncio.sleep(FORGET_KEYS_EVERY_S)
        try:
            await intake.forget_keys()
        except Exception as error:  # the next round tries again
            if not is_temporary(error):
                log.error("intake.forget_keys_failed", error=describe(error))


def _documented(openapi: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    kept: dict[str, Any] = {}

    def complete() -> dict[str, Any]:
        if not kept:
            kept.update(document(openapi()))
        return kept

    return complete
