"""What happens to cases, written into the timelines of the customers they are about."""

from __future__ import annotations

from ingest_service.customers import queries
from shared.contracts.envelope import Event
from shared.contracts.loop_events import CaseState
from shared.messaging.erasure import hold
from shared.messaging.registry import handles
from shared.messaging.work import Handling

_KINDS = {"CaseOpened": "case_opened", "CaseChanged": "case_changed"}


@handles("CaseOpened", "CaseChanged")
async def enter_cases(events: list[Event], handling: Handling) -> None:
    """Add each case's news to its customer's timeline; a case about nobody known, or an erased one, is left out."""
    async with handling.claim(events) as (batch, claimed):
        await hold(batch, "ingest", {one.org_id for one in claimed})
        entries = []
        for one in claimed:
            case = CaseState.model_validate(one.data)
            if case.customer_id is None:
                continue
            told = case.model_dump(mode="json", include=_TOLD)
            entries.append((one.org_id, case.customer_id, case.changed_at, one.id, _KINDS[one.name], told))
        if entries:
            await queries.enter(batch, {entry[0] for entry in entries}, entries)


_TOLD = {
    "case_id", "version", "title", "status", "outcome", "priority", "owner_id", "due_at", "feedback_id", "channel",
    "unit", "customer_informed_at", "change",
}  # fmt: skip
"""What a timeline shows of a case; the owner's e-mail address stays with the loop."""
