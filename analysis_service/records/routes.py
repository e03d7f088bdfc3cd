"""Reading feedback: the list, and one record."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from analysis_service.metrics.inputs import instant
from analysis_service.records import queries
from analysis_service.records.schemas import FeedbackOut, FeedbackQuery, analysed, only_received
from shared.contracts.problems import Code, Problem
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])


@router.get("/v1/feedback", operation_id="feedback_list", dependencies=[needs("feedback:read")])
async def list_feedback(caller: Caller, database: Db, query: Annotated[FeedbackQuery, Query()]) -> Page[FeedbackOut]:
    """Feedback as analysed, newest first, a page at a time. Pages stay stable while more arrives."""
    asked = _asked(query)
    async with database.transaction(caller.org_id) as tx:
        rows, position = await queries.page(tx, caller.org_id, asked, query.limit)
    return Page(
        data=[analysed(row, facet) for row, facet in rows],
        next_cursor=None if position is None else encode_cursor([query.sort, *position]),
    )


@router.get("/v1/feedback/{id}", operation_id="feedback_get", dependencies=[needs("feedback:read")])
async def get_feedback(caller: Caller, database: Db, id: UUID) -> FeedbackOut:
    """One piece of feedback. Just accepted, it has status `received` until its words have been read."""
    async with database.transaction(caller.org_id) as tx:
        found = await queries.one(tx, caller.org_id, id)
        if found is not None:
            return analysed(*found)
        waiting = await queries.event_data(tx, caller.org_id, id)
    if waiting is None:
        raise Problem(Code.NOT_FOUND, "There is no feedback with this id.")
    return only_received(waiting)


def _asked(query: FeedbackQuery) -> queries.Asked:
    bounds = {name: (getattr(query, f"{name}_min"), getattr(query, f"{name}_max")) for name in queries.RANGES}
    return queries.Asked(
        dimensions=query.dimensions(),
        start=None if query.from_ is None else instant(query.from_),
        end=None if query.to is None else instant(query.to),
        sentiment=tuple(query.sentiment),
        customer_id=query.customer_id,
        least=tuple((name, least) for name, (least, _) in bounds.items() if least is not None),
        most=tuple((name, most) for name, (_, most) in bounds.items() if most is not None),
        has_text=query.has_text,
        words=query.q,
        by_receipt=query.sort.endswith("received_at"),
        descending=query.sort.startswith("-"),
        after=None if query.cursor is None else _position(query.cursor, query.sort),
    )


def _position(cursor: str, sort: str) -> queries.Position:
    with reading_cursor():
        made_for, occurred_at, feedback_id = decode_cursor(cursor)
        if made_for != sort:
            raise Problem(Code.CURSOR_INVALID, "Keep `sort` as it was when this cursor was given, or leave it out.")
        return (None if occurred_at is None else datetime.fromisoformat(occurred_at), UUID(feedback_id))
