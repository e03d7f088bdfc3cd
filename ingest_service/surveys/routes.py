"""HTTP of surveys: make, revise, read; and what a browser may read with a publishable key."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from ingest_service.places import read_place, write_place
from ingest_service.surveys import queries
from ingest_service.surveys.published import DEFAULT_ID, PublishedSurveys, as_parts, for_browsers
from ingest_service.surveys.schemas import PublishedSurvey, Survey, SurveyContent
from ingest_service.surveys.tables import SurveyRevisionRow, SurveyRow
from shared.contracts.problems import Code, Problem
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/surveys", tags=["surveys"], route_class=StrictRoute)


@router.post("", status_code=201, dependencies=[needs("surveys:write")], operation_id="createSurvey")
async def create_survey(content: SurveyContent, caller: Caller, db: Db, response: Response) -> Survey:
    """Make a survey; its first revision is published at once."""
    async with db.transaction(caller.org_id) as tx:
        made = await queries.create(
            tx, caller.org_id, new_id(), name=content.name, content=content.model_dump(mode="json"), at=now()
        )
    response.headers["location"] = f"/v1/surveys/{made[0].id}"
    return _survey(made)


@router.get("", dependencies=[needs("surveys:read")], operation_id="listSurveys")
async def list_surveys(
    caller: Caller,
    db: Db,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Page[Survey]:
    """All surveys, newest first."""
    before = None if cursor is None else read_place(cursor)
    async with db.transaction(caller.org_id) as tx:
        found = await queries.listed(tx, caller.org_id, before, limit + 1)
    page = found[:limit]
    more = write_place(page[-1][0].created_at, page[-1][0].id) if len(found) > limit else None
    return Page[Survey](data=[_survey(one) for one in page], next_cursor=more)


@router.get("/{survey_id}", dependencies=[needs("surveys:read")], operation_id="getSurvey")
async def get_survey(survey_id: UUID, caller: Caller, db: Db, response: Response) -> Survey:
    """One survey as it is published now."""
    async with db.transaction(caller.org_id) as tx:
        found = await queries.published(tx, caller.org_id, survey_id)
    if found is None:
        raise _unknown()
    response.headers["etag"] = _etag(str(survey_id), found[0].revision)
    return _survey(found)


@router.put("/{survey_id}", dependencies=[needs("surveys:write")], operation_id="reviseSurvey")
async def revise_survey(
    *,
    survey_id: UUID,
    content: SurveyContent,
    caller: Caller,
    db: Db,
    request: Request,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=100)] = None,
) -> Survey:
    """Publish a new revision; earlier ones stay as they were. With If-Match only if nobody revised it meanwhile."""
    async with db.transaction(caller.org_id) as tx:
        found = await queries.published(tx, caller.org_id, survey_id, lock=True)
        if found is None:
            raise _unknown()
        if if_match is not None and if_match not in {"*", _etag(str(survey_id), found[0].revision)}:
            raise Problem(Code.VERSION_MISMATCH, "The survey was revised meanwhile: read it again, then repeat.")
        revised = await queries.revise(
            tx, caller.org_id, found[0], name=content.name, content=content.model_dump(mode="json"), at=now()
        )
    surveys: PublishedSurveys = request.scope["cxloop.app"].resources["surveys"]
    surveys.forget(caller.org_id, survey_id)
    response.headers["etag"] = _etag(str(survey_id), revised[0].revision)
    return _survey(revised)


@router.get(
    "/{survey_id}/published",
    operation_id="getPublishedSurvey",
    responses={304: {"description": "Not changed since the ETag in If-None-Match"}},
    response_model=PublishedSurvey,
)
async def get_published_survey(
    survey_id: Annotated[str, "A survey's id, or `default`"],
    caller: Caller,
    request: Request,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """What a browser needs to ask; `default` exists for everybody."""
    if not caller.may("responses:write") and not caller.may("surveys:read"):
        raise Problem(Code.SCOPE_MISSING, "This needs the scope responses:write or surveys:read.")
    surveys: PublishedSurveys = request.scope["cxloop.app"].resources["surveys"]
    found = None if survey_id == DEFAULT_ID else await surveys.get(caller.org_id, survey_id)
    if found is None and survey_id != DEFAULT_ID:
        raise _unknown()
    survey = for_browsers(survey_id, found)
    etag = _etag(survey_id, survey.revision)
    headers = {"etag": etag, "cache-control": "public, max-age=60"}
    if if_none_match is not None and etag in [one.strip() for one in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(survey.model_dump_json(), headers=headers, media_type="application/json")


def _survey(found: tuple[SurveyRow, SurveyRevisionRow]) -> Survey:
    row, content = as_parts(found)
    return Survey(
        **content.model_dump(), id=row.id, revision=row.revision, created_at=row.created_at, changed_at=row.changed_at
    )


def _etag(survey_id: str, revision: int) -> str:
    return f'"{survey_id}.{revision}"'


def _unknown() -> Problem:
    return Problem(Code.NOT_FOUND, "There is no survey with this id.")
