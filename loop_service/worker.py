"""The loop worker: which handlers it runs, and the two senders beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import loop_service.cases.handlers
import loop_service.notifications.handlers
import loop_service.rules.handlers
import loop_service.webhooks.handlers  # noqa: F401 - importing registers the handlers
from loop_service.notifications.mailer import RESOURCE as MAILER
from loop_service.notifications.mailer import Mailer
from loop_service.settings import LoopSettings
from loop_service.webhooks.deliver import RESOURCE as SENDER
from loop_service.webhooks.deliver import Sender
from loop_service.webhooks.outbound import Outbound
from loop_service.webhooks.signing import VAULT_PURPOSE
from shared.database import Database
from shared.foundation.sealing import Vault


@asynccontextmanager
async def worker_resources(settings: LoopSettings, database: Database) -> AsyncIterator[dict[str, Any]]:
    """The webhook sender and the mailer, running for as long as the block lasts.

    They have database connections of their own: handlers under load cannot keep them waiting, and what is
    under way when the worker stops can still be written down.
    """
    own = await Database.connect(
        settings.database_url,
        role=f"cxloop_{settings.service}",
        pool_size=6,
        application_name=f"{settings.instance_name or 'cxloop-loop-worker'}-senders",
    )
    outbound = Outbound(settings.allowed_hosts, timeout_s=settings.webhook_timeout_s)
    await outbound.start()
    sender = Sender(own, outbound, Vault(settings.encryption_keys, purpose=VAULT_PURPOSE))
    mailer = Mailer(own, settings)
    sender.start()
    mailer.start()
    try:
        yield {SENDER: sender, MAILER: mailer}
    finally:
        await mailer.stop()
        await sender.stop()
        await outbound.close()
        await own.close()
