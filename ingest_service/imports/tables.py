"""Tables of the imports: jobs, uploaded bytes, errors per row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from ingest_service.database import IngestTable
from shared.database.columns import id_key, jsonb, org_key, utc, words


class ImportRow(IngestTable, table=True):
    """One upload and how far it has come. `position` is the byte at which the next slice begins."""

    __tablename__ = "imports"
    org_id: UUID = org_key()
    id: UUID = id_key()
    status: str = words()
    stage: str = words()
    filename: str | None = words(nullable=True)
    size_bytes: int = 0
    digest: str | None = words(nullable=True)
    told: dict[str, Any] = jsonb()
    layout: dict[str, Any] | None = jsonb(nullable=True)
    facts: dict[str, Any] | None = jsonb(nullable=True)
    profile: dict[str, Any] | None = jsonb(nullable=True)
    position: int = 0
    line: int = 0
    rows_total: int | None = None
    rows_read: int = 0
    accepted: int = 0
    duplicates: int = 0
    revised: int = 0
    rejected: int = 0
    error_counts: dict[str, int] = jsonb()
    notes: dict[str, int] = jsonb()
    failure: dict[str, str] | None = jsonb(nullable=True)
    created_by: str | None = words(nullable=True)
    created_at: datetime = utc()
    started_at: datetime | None = utc(nullable=True)
    finished_at: datetime | None = utc(nullable=True)
    touched_at: datetime = utc()


class ImportErrorRow(IngestTable, table=True):
    """One fault of one row: where it is, what it is, how to mend it; never what was in the cell."""

    __tablename__ = "import_errors"
    org_id: UUID = org_key()
    import_id: UUID = id_key()
    row: int = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    line: int
    column_name: str | None = words(nullable=True)
    code: str = words()
    detail: str = words()
