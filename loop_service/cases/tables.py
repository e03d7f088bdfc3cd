"""Tables of the cases slice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from loop_service.database import LoopTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class Case(LoopTable, table=True):
    """Something to be done about one piece of feedback. Holds ids and states, never the customer's words."""

    __tablename__ = "cases"
    org_id: UUID = org_key()
    id: UUID = id_key()
    rule_id: UUID = uuid_column()
    rule_version: int
    feedback_id: UUID = uuid_column()
    customer_id: UUID | None = uuid_column(nullable=True)
    title: str = words()
    status: str = words()
    outcome: str | None = words(nullable=True)
    owner_id: UUID | None = uuid_column(nullable=True)
    priority: str = words()
    priority_score: int
    priority_reasons: list[dict[str, Any]] = jsonb()
    due_at: datetime | None = utc(nullable=True)
    channel: str | None = words(nullable=True)
    unit: str | None = words(nullable=True)
    touchpoint: str | None = words(nullable=True)
    customer_informed_at: datetime | None = utc(nullable=True)
    customer_informed_channel: str | None = words(nullable=True)
    opened_at: datetime = utc()
    changed_at: datetime = utc()
    resolved_at: datetime | None = utc(nullable=True)
    closed_at: datetime | None = utc(nullable=True)
    reopened: int = 0
    version: int = 1


class CaseHistory(LoopTable, table=True):
    """One thing that happened to a case, by whom; never edited."""

    __tablename__ = "case_history"
    org_id: UUID = org_key()
    case_id: UUID = id_key()
    id: UUID = id_key()
    kind: str = words()
    at: datetime = utc()
    actor_kind: str = words()
    actor_id: UUID | None = uuid_column(nullable=True)
    actor_name: str = words()
    from_status: str | None = words(nullable=True)
    to_status: str | None = words(nullable=True)
    note: str | None = words(nullable=True)
    changes: dict[str, Any] = jsonb()


class Person(LoopTable, table=True):
    """A member as the gateway last told us: who can own a case, and where to write to."""

    __tablename__ = "people"
    org_id: UUID = org_key()
    member_id: UUID = id_key()
    email: str = words()
    name: str = words()
    role: str = words()
    active: bool
    version: int
