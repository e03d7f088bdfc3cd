"""Tables of the rules slice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from loop_service.database import LoopTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class Rule(LoopTable, table=True):
    """A condition and what to do when it holds; `preset` marks the one every organisation is given."""

    __tablename__ = "rules"
    org_id: UUID = org_key()
    id: UUID = id_key()
    name: str = words()
    enabled: bool
    condition: dict[str, Any] = jsonb()
    actions: list[dict[str, Any]] = jsonb()
    preset: str | None = words(nullable=True)
    version: int
    created_at: datetime = utc()
    updated_at: datetime = utc()
    archived_at: datetime | None = utc(nullable=True)


class Outcome(LoopTable, table=True):
    """What became of one piece of feedback: when it passed each stage, which rules matched and why."""

    __tablename__ = "outcomes"
    org_id: UUID = org_key()
    feedback_id: UUID = id_key()
    revision: int
    event_id: UUID = uuid_column()
    received_at: datetime = utc()
    stored_at: datetime = utc()
    analysed_at: datetime = utc()
    evaluated_at: datetime = utc()
    model: str = words()
    sentiment_label: str | None = words(nullable=True)
    sentiment_reason: str | None = words(nullable=True)
    rules: list[dict[str, Any]] = jsonb()
