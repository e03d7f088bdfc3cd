"""Published surveys as browsers ask for them: read often, kept for seconds; and the one that always exists."""

from __future__ import annotations

from time import monotonic
from typing import Final
from uuid import UUID

from ingest_service.surveys import queries
from ingest_service.surveys.schemas import PublishedSurvey, SurveyContent, published_texts
from ingest_service.surveys.tables import SurveyRevisionRow, SurveyRow
from shared.database import Database

DEFAULT_ID: Final = "default"
"""Exists for every organisation: one NPS question and a follow-up, in the asker's own words."""
KEPT_S: Final = 5.0
KEPT_SURVEYS: Final = 10_000


def for_browsers(survey_id: str, found: tuple[SurveyContent, int] | None) -> PublishedSurvey:
    """A survey's public face; None is the default of the house."""
    if found is None:
        return PublishedSurvey(id=survey_id, revision=0, questions=[], repeat_days=90)
    content, revision = found
    return PublishedSurvey(
        id=survey_id,
        revision=revision,
        language=content.language,
        touchpoint=content.touchpoint,
        colour=content.colour,
        repeat_days=content.repeat_days,
        locales={language: published_texts(texts) for language, texts in content.locales.items()},
        **published_texts(content).model_dump(),
    )


def content_of(revision: SurveyRevisionRow) -> SurveyContent:
    """What a stored revision asks."""
    return SurveyContent.model_validate(revision.content)


class PublishedSurveys:
    """Reads published surveys of any organisation, each at most every 5 seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[tuple[UUID, str], tuple[float, tuple[SurveyContent, int] | None]] = {}

    async def get(self, org_id: UUID, survey_id: str) -> tuple[SurveyContent, int] | None:
        """What is asked now, and the number of its revision; None when the organisation has no such survey."""
        kept = self._kept.get((org_id, survey_id))
        if kept is not None and kept[0] > monotonic():
            return kept[1]
        try:
            wanted = UUID(survey_id)
        except ValueError:
            return None
        async with self._database.transaction(org_id) as tx:
            found = await queries.published(tx, org_id, wanted)
        answer = None if found is None else (content_of(found[1]), found[0].revision)
        if len(self._kept) >= KEPT_SURVEYS:
            self._kept.clear()
        self._kept[(org_id, survey_id)] = (monotonic() + KEPT_S, answer)
        return answer

    def forget(self, org_id: UUID, survey_id: UUID) -> None:
        """Read this survey anew next time: it was just revised here."""
        self._kept.pop((org_id, str(survey_id)), None)


def as_parts(found: tuple[SurveyRow, SurveyRevisionRow]) -> tuple[SurveyRow, SurveyContent]:
    """The survey and what its published revision asks."""
    return found[0], content_of(found[1])
