"""Tables of sources: the source, and what it sent that could not be understood."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlmodel import Field

from ingest_service.database import IngestTable
from shared.database.columns import id_key, jsonb, org_key, utc, words


class SourceRow(IngestTable, table=True):
    """A configured origin; `secret` is ciphertext, None when the provider does not sign."""

    __tablename__ = "sources"
    org_id: UUID = org_key()
    id: UUID = id_key()
    channel: str = words()
    name: str = words()
    secret: bytes | None = Field(default=None, nullable=True, sa_type=LargeBinary)
    settings: dict[str, Any] = jsonb()
    created_at: datetime = utc()
    changed_at: datetime = utc()


class QuarantineRow(IngestTable, table=True):
    """A body as it came, encrypted, and why it could not be taken."""

    __tablename__ = "quarantine"
    org_id: UUID = org_key()
    source_id: UUID = id_key()
    id: UUID = id_key()
    received_at: datetime = utc()
    reason: str = words()
    faults: list[dict[str, str]] = jsonb()
    size_bytes: int
    body: bytes = Field(sa_type=LargeBinary)
