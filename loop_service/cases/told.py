"""The events a case publishes: its whole state after each change."""

from typing import Any

from loop_service.cases.lifecycle import Status
from loop_service.cases.opened import NewCase
from loop_service.cases.tables import Case
from shared.contracts.envelope import Event, event
from shared.contracts.loop_events import CaseState


def opened_event(case: NewCase) -> Event:
    """CaseOpened for a case that was just inserted."""
    state = CaseState(
        case_id=case.id,
        version=1,
        title=case.title,
        status=Status.NEW,
        priority=case.priority,
        owner_id=case.owner_id,
        owner_email=case.owner_email,
        due_at=case.due_at,
        rule_id=case.rule_id,
        feedback_id=case.feedback_id,
        customer_id=case.customer_id,
        channel=case.channel,
        unit=case.unit,
        opened_at=case.opened_at,
        changed_at=case.opened_at,
    )
    data = state.model_dump(mode="json")
    # The id of the case is the id of the event: whoever knows the case can look up where its telling stands.
    return event(
        case.org_id, "CaseOpened", data, publisher="loop", id=case.id, occurred_at=case.opened_at, trace=case.trace
    )


def changed_event(case: Case, owner_email: str | None, change: dict[str, Any], trace: str | None) -> Event:
    """CaseChanged for a row that was just changed."""
    state = CaseState(
        case_id=case.id,
        version=case.version,
        title=case.title,
        status=case.status,
        outcome=case.outcome,
        priority=case.priority,
        owner_id=case.owner_id,
        owner_email=owner_email,
        due_at=case.due_at,
        rule_id=case.rule_id,
        feedback_id=case.feedback_id,
        customer_id=case.customer_id,
        channel=case.channel,
        unit=case.unit,
        opened_at=case.opened_at,
        changed_at=case.changed_at,
        customer_informed_at=case.customer_informed_at,
        change=change,
    )
    data = state.model_dump(mode="json")
    return event(case.org_id, "CaseChanged", data, publisher="loop", occurred_at=case.changed_at, trace=trace)
