"""Tables of customers: who they are, how they are known, and what happened beside their feedback."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlmodel import Field

from ingest_service.database import IngestTable
from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class CustomerRow(IngestTable, table=True):
    """A person or account that speaks to the organisation."""

    __tablename__ = "customers"
    org_id: UUID = org_key()
    id: UUID = id_key()
    name: str | None = words(nullable=True)
    name_at: datetime | None = utc(nullable=True)
    attributes: dict[str, Any] = jsonb()
    attribute_times: dict[str, str] = jsonb()
    created_at: datetime = utc()


class IdentityRow(IngestTable, table=True):
    """One name under which a customer is known, in normal form."""

    __tablename__ = "identities"
    org_id: UUID = org_key()
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    customer_id: UUID = uuid_column()
    created_at: datetime = utc()


class ContradictionRow(IngestTable, table=True):
    """An identity that came together with one customer but belongs to another; a person decides."""

    __tablename__ = "identity_contradictions"
    org_id: UUID = org_key()
    customer_id: UUID = id_key()
    other_id: UUID = id_key()
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    seen_at: datetime = utc()


class TimelineRow(IngestTable, table=True):
    """What happened to a customer beside his feedback: cases that opened and moved."""

    __tablename__ = "timeline_entries"
    org_id: UUID = org_key()
    customer_id: UUID = id_key()
    at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    id: UUID = id_key()
    kind: str = words()
    data: dict[str, Any] = jsonb()
