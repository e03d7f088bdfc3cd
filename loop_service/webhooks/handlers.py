"""What the webhooks slice does when a case opens or changes: queue it for the endpoints, then send at once."""

from loop_service.webhooks.deliver import wake_sender
from loop_service.webhooks.messages import tell_endpoints
from shared.contracts.envelope import Event
from shared.messaging.erasure import without_erased
from shared.messaging.live import announce
from shared.messaging.registry import handles
from shared.messaging.work import Handling


@handles("CaseOpened", "CaseChanged")
async def tell_about_cases(events: list[Event], handling: Handling) -> None:
    """Messages and deliveries in one transaction; the calls happen afterwards, outside of it."""
    async with handling.claim(events) as (batch, claimed):
        org_ids = {one.org_id for one in claimed}
        told = await without_erased(batch, "loop", claimed)
        queued = await tell_endpoints(batch, org_ids, told) if told else 0
    if queued:
        wake_sender(handling)
    await announce(handling.resources.get("redis"), org_ids, "cases")
