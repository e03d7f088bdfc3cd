"""Lists of feedback: the conditions, the order and the pages of `GET /v1/feedback`, and one record by its id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, func, or_, text, tuple_
from sqlmodel import col, select

from analysis_service.metrics.filters import Dimensions
from analysis_service.records.tables import FacetRow, RecordRow
from shared.database import Transaction

SEARCHED_PER_PAGE = 20_000
"""Records that one page of a text search looks at: a rare word costs several pages, never a long query."""

RANGES = ("nps", "csat", "ces", "stars", "rating")

Found = tuple[RecordRow, FacetRow]
Position = tuple[datetime | None, UUID]
"""Where a page ended: (occurred_at, id), or (None, id) in the order of receipt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which feedback, in which order. `by_receipt`: ids are made at receipt and sort by it."""

    dimensions: Dimensions
    start: datetime | None = None
    end: datetime | None = None
    sentiment: tuple[str, ...] = ()
    customer_id: UUID | None = None
    least: tuple[tuple[str, float], ...] = ()
    most: tuple[tuple[str, float], ...] = ()
    has_text: bool | None = None
    words: str | None = None
    by_receipt: bool = False
    descending: bool = True
    after: Position | None = None


async def page(tx: Transaction, org_id: UUID, asked: Asked, limit: int) -> tuple[list[Found], Position | None]:
    """Up to `limit` records and where the next page begins; None at the end.

    Facets are looked up before and after, never joined: under row-level security the planner takes the tables for
    nearly empty and would now and then walk all records for one page.
    """
    where = await _conditions(tx, org_id, asked)
    boundary = None
    if asked.words is not None:
        boundary = await _boundary(tx, asked, where)
        if boundary is not None:
            where.append(_until(asked, boundary))
        where.append(
            or_(
                col(RecordRow.text).icontains(asked.words, autoescape=True),
                col(RecordRow.title).icontains(asked.words, autoescape=True),
            )
        )
    statement = select(RecordRow).where(*where).order_by(*_order(asked)).limit(limit + 1)
    rows = list((await tx.session.exec(statement)).all())
    facets = await _facets(tx, org_id, {row.facet for row in rows})
    found = [(row, facets[row.facet]) for row in rows[:limit]]
    if len(rows) > limit:
        return found, _position(asked, rows[limit - 1])
    return found, boundary


async def spoken(
    tx: Transaction, org_id: UUID, asked: Asked, limit: int
) -> list[tuple[str, UUID | None, float | None, str | None]]:
    """(words, customer, NPS answer, sentiment) of the newest records that have words, at most `limit`."""
    statement = (
        select(
            func.coalesce(RecordRow.text, RecordRow.title), RecordRow.customer_id, RecordRow.nps, RecordRow.sentiment
        )
        .where(*await _conditions(tx, org_id, asked))
        .order_by(*_order(asked))
        .limit(limit)
    )
    return [(words or "", *rest) for words, *rest in (await tx.session.exec(statement)).all()]


async def _facets_of(tx: Transaction, org_id: UUID, dimensions: Dimensions) -> list[UUID]:
    statement = select(FacetRow.facet).where(FacetRow.org_id == org_id)
    for name in Dimensions.__dataclass_fields__:
        wanted = getattr(dimensions, name)
        if wanted:
            statement = statement.where(col(getattr(FacetRow, name)).in_(wanted))
    return list((await tx.session.exec(statement)).all())


async def _facets(tx: Transaction, org_id: UUID, keys: Collection[UUID]) -> dict[UUID, FacetRow]:
    if not keys:
        return {}
    statement = select(FacetRow).where(FacetRow.org_id == org_id, col(FacetRow.facet) == any_(_array_of(list(keys))))
    return {row.facet: row for row in (await tx.session.exec(statement)).all()}


def _array_of(keys: list[UUID]) -> Any:
    """One array parameter, however many keys: a list of parameters would make every count a statement of its own."""
    return bindparam(None, keys, type_=ARRAY(Uuid))


async def one(tx: Transaction, org_id: UUID, feedback_id: UUID) -> Found | None:
    """The record of one feedback of this organisation, or None."""
    row = await tx.session.get(RecordRow, (org_id, feedback_id))
    if row is None:
        return None
    return row, (await _facets(tx, org_id, {row.facet}))[row.facet]


async def event_data(tx: Transaction, org_id: UUID, feedback_id: UUID) -> dict[str, Any] | None:
    """What arrived, as its event tells it: the first revision's event has the feedback's own id."""
    connection = await tx.session.connection()
    found = await connection.execute(
        text("SELECT data FROM messaging.events WHERE org_id = :org AND id = :id AND name = 'FeedbackReceived'"),
        {"org": org_id, "id": feedback_id},
    )
    data: dict[str, Any] | None = found.scalar_one_or_none()
    return data


async def _conditions(tx: Transaction, org_id: UUID, asked: Asked) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [col(RecordRow.org_id) == org_id]
    if asked.dimensions.any():
        wanted = await _facets_of(tx, org_id, asked.dimensions)
        where.append(col(RecordRow.facet) == any_(_array_of(wanted)))
    if asked.start is not None:
        where.append(col(RecordRow.occurred_at) >= asked.start)
    if asked.end is not None:
        where.append(col(RecordRow.occurred_at) < asked.end)
    if asked.sentiment:
        where.append(col(RecordRow.sentiment).in_(asked.sentiment))
    if asked.customer_id is not None:
        where.append(col(RecordRow.customer_id) == asked.customer_id)
    where += [col(getattr(RecordRow, name)) >= bound for name, bound in asked.least]
    where += [col(getattr(RecordRow, name)) <= bound for name, bound in asked.most]
    if asked.has_text is not None:
        reason = col(RecordRow.sentiment_reason)
        where.append(reason.is_distinct_from("no_text") if asked.has_text else reason == "no_text")
    if asked.after is not None:
        where.append(_past(asked, asked.after))
    return where


def _key(asked: Asked) -> Any:
    columns = (
        [col(RecordRow.feedback_id)] if asked.by_receipt else [col(RecordRow.occurred_at), col(RecordRow.feedback_id)]
    )
    return tuple_(*columns)


def _values(asked: Asked, position: Position) -> Any:
    return tuple_(position[1]) if asked.by_receipt else tuple_(*position)


def _past(asked: Asked, position: Position) -> ColumnElement[bool]:
    key, values = _key(asked), _values(asked, position)
    past: ColumnElement[bool] = key < values if asked.descending else key > values
    return past


def _until(asked: Asked, position: Position) -> ColumnElement[bool]:
    key, values = _key(asked), _values(asked, position)
    until: ColumnElement[bool] = key >= values if asked.descending else key <= values
    return until


def _order(asked: Asked) -> list[Any]:
    columns = (
        [col(RecordRow.feedback_id)] if asked.by_receipt else [col(RecordRow.occurred_at), col(RecordRow.feedback_id)]
    )
    return [column.desc() if asked.descending else column.asc() for column in columns]


def _position(asked: Asked, row: RecordRow) -> Position:
    return (None if asked.by_receipt else row.occurred_at, row.feedback_id)


async def _boundary(tx: Transaction, asked: Asked, where: list[ColumnElement[bool]]) -> Position | None:
    """The last record that this page of a text search looks at; None when it can look at all that is left."""
    statement = select(RecordRow.occurred_at, RecordRow.feedback_id)
    statement = statement.where(*where).order_by(*_order(asked)).offset(SEARCHED_PER_PAGE - 1).limit(1)
    last = (await tx.session.exec(statement)).first()
    return None if last is None else (None if asked.by_receipt else last[0], last[1])
