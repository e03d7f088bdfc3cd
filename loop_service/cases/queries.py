"""Reads and writes of cases, their history and the directory of people, for requests (one organisation)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, or_, tuple_
from sqlmodel import col, select

from loop_service.cases.lifecycle import OPEN
from loop_service.cases.priority import URGENCY_RANK, Priority
from loop_service.cases.schemas import CaseFilters
from loop_service.cases.tables import Case, CaseHistory, Person
from shared.contracts.identity import Identity
from shared.database.engine import Transaction
from shared.foundation.ids import new_id

Position = tuple[Any, ...]
"""The sort key of a row, as `position` makes it."""

# Every key ends in the id and runs in one direction, so that a page begins where a row comparison says.
SORT_KEYS: dict[str, tuple[SQLColumnExpression[Any], ...]] = {
    "opened": (col(Case.opened_at), col(Case.id)),
    "priority": (
        case(URGENCY_RANK, value=col(Case.priority)),
        -col(Case.priority_score),
        col(Case.opened_at),
        col(Case.id),
    ),
    "due": (col(Case.due_at).is_(None), func.coalesce(col(Case.due_at), col(Case.opened_at)), col(Case.id)),
}


def position(row: Case, sort: str) -> Position:
    """Where a row stands in the order of `sort`: the values of SORT_KEYS."""
    if sort == "priority":
        return URGENCY_RANK[Priority(row.priority)], -row.priority_score, row.opened_at, row.id
    if sort == "due":
        return row.due_at is None, row.due_at or row.opened_at, row.id
    return row.opened_at, row.id


async def case_by_id(tx: Transaction, org_id: UUID, case_id: UUID, *, to_change: bool = False) -> Case | None:
    """One case; `to_change` locks its row until the transaction ends."""
    query = select(Case).where(Case.org_id == org_id, Case.id == case_id)
    return (await tx.session.exec(query.with_for_update() if to_change else query)).first()


def _matching(
    org_id: UUID, filters: CaseFilters, statuses: Sequence[str], owner_id: UUID | None, at: datetime
) -> list[ColumnElement[bool]]:
    """What a row must satisfy; page and order have no part in it."""
    found: list[ColumnElement[bool]] = [col(Case.org_id) == org_id]
    if statuses:
        found.append(col(Case.status).in_(statuses))
    if filters.open is not None:
        found.append(col(Case.status).in_(OPEN) if filters.open else col(Case.status).not_in(OPEN))
    if filters.owner == "none":
        found.append(col(Case.owner_id).is_(None))
    elif filters.owner is not None:
        found.append(col(Case.owner_id) == owner_id)
    for field in ("priority", "unit", "channel", "feedback_id", "customer_id"):
        value = getattr(filters, field)
        if value is not None:
            found.append(getattr(Case, field) == value)
    if filters.overdue is not None:
        late = and_(col(Case.due_at) < at, col(Case.status).in_(OPEN))
        found.append(late if filters.overdue else or_(col(Case.due_at).is_(None), ~late))
    return found


async def list_cases(
    tx: Transaction,
    org_id: UUID,
    filters: CaseFilters,
    *,
    statuses: Sequence[str],
    owner_id: UUID | None,
    at: datetime,
    after: Position | None,
) -> tuple[list[Case], int]:
    """A page in the order of `filters.sort`, one row more than it so that the caller knows whether there is another;
    and how many cases match on all pages together."""
    wanted = _matching(org_id, filters, statuses, owner_id, at)
    total = (await tx.session.exec(select(func.count()).select_from(Case).where(*wanted))).one()
    key = tuple_(*SORT_KEYS[filters.sort])
    query = select(Case).where(*wanted)
    if after is not None:
        query = query.where(key < after if filters.sort == "opened" else key > after)
    keys = (one.desc() if filters.sort == "opened" else one.asc() for one in SORT_KEYS[filters.sort])
    return list((await tx.session.exec(query.order_by(*keys).limit(filters.limit + 1))).all()), total


async def cases_of_feedback(tx: Transaction, org_id: UUID, feedback_id: UUID) -> list[Case]:
    """The cases that one piece of feedback opened, oldest first."""
    query = select(Case).where(Case.org_id == org_id, Case.feedback_id == feedback_id)
    return list((await tx.session.exec(query.order_by(col(Case.opened_at)))).all())


async def history_of(tx: Transaction, org_id: UUID, case_id: UUID) -> list[CaseHistory]:
    """Everything that happened to a case, oldest first."""
    query = select(CaseHistory).where(CaseHistory.org_id == org_id, CaseHistory.case_id == case_id)
    return list((await tx.session.exec(query.order_by(col(CaseHistory.id)))).all())


async def add_history(
    tx: Transaction,
    org_id: UUID,
    case_id: UUID,
    actor: Identity,
    *,
    kind: str,
    at: datetime,
    from_status: str | None = None,
    to_status: str | None = None,
    note: str | None = None,
    changes: dict[str, Any] | None = None,
) -> CaseHistory:
    """Write down what `actor` did."""
    entry = CaseHistory(
        org_id=org_id,
        case_id=case_id,
        id=new_id(),
        kind=kind,
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.actor_id,
        actor_name=actor.actor_name,
        from_status=from_status,
        to_status=to_status,
        note=note,
        changes=changes or {},
    )
    tx.session.add(entry)
    await tx.session.flush()
    return entry


async def people_by_id(tx: Transaction, org_id: UUID, member_ids: set[UUID]) -> dict[UUID, Person]:
    """Members by id; those unknown here are left out."""
    if not member_ids:
        return {}
    query = select(Person).where(Person.org_id == org_id, col(Person.member_id).in_(member_ids))
    return {person.member_id: person for person in (await tx.session.exec(query)).all()}


async def find_person(tx: Transaction, org_id: UUID, named: str) -> Person | None:
    """The active member with this id or e-mail (case-insensitive), or None."""
    query = select(Person).where(Person.org_id == org_id, col(Person.active).is_(True))
    try:
        query = query.where(Person.member_id == UUID(named))
    except ValueError:
        query = query.where(func.lower(Person.email) == named.lower())
    return (await tx.session.exec(query)).first()
