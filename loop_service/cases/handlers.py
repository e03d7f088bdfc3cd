"""What the cases slice does when it hears something: keep the directory of people, forget customers."""

from loop_service.cases.bulk import keep_people
from loop_service.cases.erasure import erase_cases
from shared.contracts.envelope import Event
from shared.contracts.gateway_events import MemberChanged
from shared.contracts.ingest_events import CustomerErased
from shared.messaging.erasure import hold
from shared.messaging.live import announce
from shared.messaging.registry import handles
from shared.messaging.work import Handling


@handles("MemberChanged")
async def keep_directory(events: list[Event], handling: Handling) -> None:
    """Take over members as the gateway tells them; late news of an older version changes nothing."""
    async with handling.claim(events) as (batch, claimed):
        if claimed:
            members = [(one.org_id, MemberChanged.model_validate(one.data)) for one in claimed]
            await keep_people(batch, {one.org_id for one in claimed}, members)


@handles("CustomerErased")
async def forget(events: list[Event], handling: Handling) -> None:
    """Take the person and his words out of cases and of what was told about them."""
    async with handling.claim(events) as (batch, claimed):
        await hold(batch, "loop", {one.org_id for one in claimed}, alone=True)
        for one in claimed:
            await erase_cases(batch, one.org_id, CustomerErased.model_validate(one.data).feedback_ids)
    await announce(handling.resources.get("redis"), {one.org_id for one in claimed}, "cases")
