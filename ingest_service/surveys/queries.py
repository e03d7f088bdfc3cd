"""SQL over surveys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select

from ingest_service.surveys.tables import SurveyRevisionRow, SurveyRow
from shared.database import Transaction

Published = tuple[SurveyRow, SurveyRevisionRow]

_NOW_PUBLISHED = (
    (col(SurveyRevisionRow.org_id) == SurveyRow.org_id)
    & (col(SurveyRevisionRow.survey_id) == SurveyRow.id)
    & (col(SurveyRevisionRow.revision) == SurveyRow.revision)
)


async def create(
    tx: Transaction, org_id: UUID, survey_id: UUID, *, name: str, content: dict[str, Any], at: datetime
) -> Published:
    """Insert a survey with its first revision."""
    survey = SurveyRow(org_id=org_id, id=survey_id, name=name, revision=1, created_at=at, changed_at=at)
    tx.session.add(survey)
    await tx.session.flush()
    return survey, await _publish(tx, org_id, survey, content, at)


async def revise(
    tx: Transaction, org_id: UUID, survey: SurveyRow, *, name: str, content: dict[str, Any], at: datetime
) -> Published:
    """Publish a further revision of a survey that was read for update."""
    survey.name, survey.revision, survey.changed_at = name, survey.revision + 1, at
    tx.session.add(survey)
    await tx.session.flush()
    return survey, await _publish(tx, org_id, survey, content, at)


async def published(tx: Transaction, org_id: UUID, survey_id: UUID, *, lock: bool = False) -> Published | None:
    """A survey with the revision that is published now; with `lock`, nobody else revises it meanwhile."""
    query = (
        select(SurveyRow, SurveyRevisionRow)
        .join(SurveyRevisionRow, _NOW_PUBLISHED)
        .where(col(SurveyRow.org_id) == org_id, col(SurveyRow.id) == survey_id)
    )
    if lock:
        query = query.with_for_update(of=SurveyRow)
    found = (await tx.session.exec(query)).first()
    return None if found is None else (found[0], found[1])


async def listed(tx: Transaction, org_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> list[Published]:
    """Surveys with their published revisions, newest first, strictly before (created_at, id)."""
    query = (
        select(SurveyRow, SurveyRevisionRow)
        .join(SurveyRevisionRow, _NOW_PUBLISHED)
        .where(col(SurveyRow.org_id) == org_id)
        .order_by(col(SurveyRow.created_at).desc(), col(SurveyRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(SurveyRow.created_at), col(SurveyRow.id)) < tuple_(*before))
    return [(survey, revision) for survey, revision in (await tx.session.exec(query)).all()]


async def _publish(
    tx: Transaction, org_id: UUID, survey: SurveyRow, content: dict[str, Any], at: datetime
) -> SurveyRevisionRow:
    revision = SurveyRevisionRow(
        org_id=org_id, survey_id=survey.id, revision=survey.revision, content=content, published_at=at
    )
    tx.session.add(revision)
    await tx.session.flush()
    return revision
