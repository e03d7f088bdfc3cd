"""Tables of the webhooks slice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Column, LargeBinary, Text
from sqlmodel import Field

from loop_service.database import LoopTable
from shared.database.columns import id_key, org_key, utc, uuid_column, words


class Endpoint(LoopTable, table=True):
    """A receiver. `failing_since` starts an unbroken row of failures, `quiet_until` is a receiver's own wish."""

    __tablename__ = "webhook_endpoints"
    org_id: UUID = org_key()
    id: UUID = id_key()
    url: str = words()
    description: str = words()
    events: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    enabled: bool
    disabled_reason: str | None = words(nullable=True)
    secret: bytes = Field(sa_type=LargeBinary)
    previous_secret: bytes | None = Field(default=None, sa_type=LargeBinary)
    previous_secret_until: datetime | None = utc(nullable=True)
    failing_since: datetime | None = utc(nullable=True)
    quiet_until: datetime | None = utc(nullable=True)
    last_delivered_at: datetime | None = utc(nullable=True)
    version: int = 1
    created_at: datetime = utc()
    updated_at: datetime = utc()
    archived_at: datetime | None = utc(nullable=True)


class Message(LoopTable, table=True):
    """One payload, exactly as it is signed and sent, to however many endpoints."""

    __tablename__ = "webhook_messages"
    org_id: UUID = org_key()
    id: UUID = id_key()
    type: str = words()
    body: str = words()
    feedback_id: UUID | None = uuid_column(nullable=True)
    case_id: UUID | None = uuid_column(nullable=True)
    trace: str | None = words(nullable=True)
    created_at: datetime = utc()


class Delivery(LoopTable, table=True):
    """A message on its way to one endpoint; `step` counts along the schedule, `attempts` never starts anew."""

    __tablename__ = "webhook_deliveries"
    org_id: UUID = org_key()
    id: UUID = id_key()
    endpoint_id: UUID = uuid_column()
    message_id: UUID = uuid_column()
    type: str = words()
    state: str = words()
    step: int = 0
    attempts: int = 0
    next_at: datetime | None = utc(nullable=True)
    lease: UUID | None = uuid_column(nullable=True)
    last_status: int | None = None
    last_reason: str | None = words(nullable=True)
    created_at: datetime = utc()
    settled_at: datetime | None = utc(nullable=True)


class Attempt(LoopTable, table=True):
    """One call and what came back."""

    __tablename__ = "webhook_attempts"
    org_id: UUID = org_key()
    delivery_id: UUID = id_key()
    number: int = Field(primary_key=True)
    at: datetime = utc()
    duration_ms: int
    status: int | None = None
    reason: str | None = words(nullable=True)
    response: str | None = words(nullable=True)
