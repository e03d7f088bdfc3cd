"""The loop API, put together: its routers, and the clients they call out with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from loop_service.cases.routes import router as cases
from loop_service.notifications.routes import router as mail
from loop_service.rules.past import analysis_client
from loop_service.rules.routes import router as rules
from loop_service.settings import LoopSettings
from loop_service.traces.routes import router as traces
from loop_service.webhooks.log_routes import router as webhook_log
from loop_service.webhooks.outbound import Outbound
from loop_service.webhooks.routes import router as webhooks
from loop_service.webhooks.signing import VAULT_PURPOSE
from shared.foundation.sealing import Vault
from shared.web.service_app import ServiceApp


def create_app(settings: LoopSettings) -> ServiceApp:
    """The ASGI application of the loop service."""
    return ServiceApp(
        settings,
        title="cxloop loop",
        routers=[rules, cases, webhooks, webhook_log, mail, traces],
        lifespan=_lifespan,
    )


@asynccontextmanager
async def _lifespan(app: ServiceApp) -> AsyncIterator[None]:
    settings = cast(LoopSettings, app.settings)
    outbound = Outbound(settings.allowed_hosts, timeout_s=settings.webhook_timeout_s)
    await outbound.start()
    try:
        async with analysis_client(settings.analysis_url, settings.identity_secret.get_secret_value()) as analysis:
            app.resources |= {
                "outbound": outbound,
                "vault": Vault(settings.encryption_keys, purpose=VAULT_PURPOSE),
                "analysis": analysis,
            }
            yield
    finally:
        await outbound.close()
