"""The events a case publishes: its whole state after each change."""

from datetime import datetime
from typing import Any
from uuid import UUID

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
    return _event("CaseOpened", case.org_id, state, case.opened_at, case.trace)


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
    return _event("CaseChanged", case.org_id, state, case.changed_at, trace)


def _event(name: str, org_id: UUID, state: CaseState, at: datetime, trace: str | None) -> Event:
    return event(org_id, name, state.model_dump(mode="json"), publisher="loop", occurred_at=at, trace=trace)
