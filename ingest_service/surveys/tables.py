"""Tables of surveys: the survey, and each revision of its content, which never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from ingest_service.database import IngestTable
from shared.database.columns import id_key, jsonb, org_key, utc, words


class SurveyRow(IngestTable, table=True):
    """A survey and the number of its revision that is published."""

    __tablename__ = "surveys"
    org_id: UUID = org_key()
    id: UUID = id_key()
    name: str = words()
    revision: int
    created_at: datetime = utc()
    changed_at: datetime = utc()


class SurveyRevisionRow(IngestTable, table=True):
    """What was asked, word for word, from `published_at` until the next revision."""

    __tablename__ = "survey_revisions"
    org_id: UUID = org_key()
    survey_id: UUID = id_key()
    revision: int = Field(primary_key=True)
    content: dict[str, Any] = jsonb()
    published_at: datetime = utc()
