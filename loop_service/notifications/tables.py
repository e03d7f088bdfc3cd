"""Tables of the notifications slice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from loop_service.database import LoopTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class Mail(LoopTable, table=True):
    """A mail to one member about one event of a case. The address is looked up when it is sent."""

    __tablename__ = "mails"
    org_id: UUID = org_key()
    id: UUID = id_key()
    kind: str = words()
    event_id: UUID = uuid_column()
    case_id: UUID = uuid_column()
    feedback_id: UUID | None = uuid_column(nullable=True)
    member_id: UUID = uuid_column()
    data: dict[str, Any] = jsonb()
    state: str = words()
    attempts: int = 0
    next_at: datetime | None = utc(nullable=True)
    lease: UUID | None = uuid_column(nullable=True)
    last_reason: str | None = words(nullable=True)
    trace: str | None = words(nullable=True)
    created_at: datetime = utc()
    settled_at: datetime | None = utc(nullable=True)
