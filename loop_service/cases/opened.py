"""A case as it is opened, before it has a row: what a rule decided (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loop_service.cases.priority import Urgency
from shared.contracts.identity import Identity

RESPONSIBLE_ROLES = ("manager", "admin", "owner")
"""Who gets a case that names nobody ("auto"), in this order: the people nearest to the work first."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """Everything a case starts with. `trace` is the traceparent of the feedback's own request."""

    org_id: UUID
    id: UUID
    rule_id: UUID
    rule_version: int
    rule_name: str
    feedback_id: UUID
    customer_id: UUID | None
    title: str
    owner_id: UUID | None
    owner_email: str | None
    priority: str
    urgency: Urgency
    due_at: datetime | None
    channel: str | None
    unit: str | None
    touchpoint: str | None
    opened_at: datetime
    trace: str | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A member of the directory."""

    org_id: UUID
    member_id: UUID
    email: str
    name: str
    role: str
    active: bool


def pick_owner(wanted: str | None, people: Sequence[PersonRow], open_cases: Mapping[UUID, int]) -> PersonRow | None:
    """Who gets the case: the member named by id or e-mail; with "auto" whoever of the most fitting role
    has the fewest open cases. None when nobody active fits: the case then waits without an owner.
    """
    active = [person for person in people if person.active]
    if wanted is None:
        return None
    if wanted != "auto":
        folded = wanted.casefold()
        return next((one for one in active if str(one.member_id) == folded or one.email.casefold() == folded), None)
    for role in RESPONSIBLE_ROLES:
        fitting = [person for person in active if person.role == role]
        if fitting:
            return min(fitting, key=lambda one: (open_cases.get(one.member_id, 0), str(one.member_id)))
    return None


def change(
    kind: str, first: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]], actor: Identity
) -> dict[str, Any]:
    """The `change` of a CaseChanged event: what kind, from what to what, by whom, and every field touched."""
    return {
        "kind": kind,
        "from": first.get("from"),
        "to": first.get("to"),
        "actor": actor.actor_name,
        "actor_id": str(actor.actor_id) if actor.actor_id else None,
        "fields": sorted(changes),
    }
