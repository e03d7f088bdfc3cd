"""What the notifications slice does when a case opens or gets an owner: queue a mail to that person."""

from uuid import UUID

from loop_service.notifications.mailer import wake_mailer
from loop_service.notifications.queries import NewMail, queue_mails
from shared.contracts.envelope import Event
from shared.contracts.loop_events import CaseState
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging.registry import handles
from shared.messaging.work import Handling


@handles("CaseOpened", "CaseChanged")
async def tell_owner(events: list[Event], handling: Handling) -> None:
    """One mail per event and owner; the sending happens afterwards, outside of the transaction."""
    configured = bool(handling.resources["settings"].smtp_host)
    async with handling.claim(events) as (batch, claimed):
        mails = [mail for one in claimed if (mail := _mail(one)) is not None]
        if mails:
            org_ids = {one.org_id for one in claimed}
            await queue_mails(batch, org_ids, mails, at=now(), configured=configured)
    if mails:
        wake_mailer(handling)


def _mail(one: Event) -> NewMail | None:
    case = CaseState.model_validate(one.data)
    if case.owner_id is None:
        return None
    if one.name == "CaseChanged" and not _newly_owned(case, case.owner_id):
        return None
    return NewMail(
        org_id=one.org_id,
        id=new_id(),
        kind="case_opened" if one.name == "CaseOpened" else "case_assigned",
        event_id=one.id,
        case_id=case.case_id,
        feedback_id=case.feedback_id,
        member_id=case.owner_id,
        data=case.model_dump(
            mode="json", include={"case_id", "title", "status", "priority", "due_at", "channel", "unit"}
        ),
        trace=one.trace,
    )


def _newly_owned(case: CaseState, owner_id: UUID) -> bool:
    """Somebody else gave the case to its owner: who takes a case himself needs no mail."""
    return "owner_id" in case.change.get("fields", []) and case.change.get("actor_id") != str(owner_id)
