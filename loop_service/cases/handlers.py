"""What the cases slice does when it hears something: keep the directory of people who can own a case."""

from loop_service.cases.bulk import keep_people
from shared.contracts.envelope import Event
from shared.contracts.gateway_events import MemberChanged
from shared.messaging.registry import handles
from shared.messaging.work import Handling


@handles("MemberChanged")
async def keep_directory(events: list[Event], handling: Handling) -> None:
    """Take over members as the gateway tells them; late news of an older version changes nothing."""
    async with handling.claim(events) as (batch, claimed):
        if claimed:
            members = [(one.org_id, MemberChanged.model_validate(one.data)) for one in claimed]
            await keep_people(batch, {one.org_id for one in claimed}, members)
