"""A place in a list that is ordered by time and id, newest first: what the cursors of this service hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from shared.contracts.problems import Code, FieldProblem, Problem
from shared.web.pagination import decode_cursor, encode_cursor

Place = tuple[datetime, UUID]


def read_place(cursor: str) -> Place:
    """The place that a cursor holds. Raises Problem(CURSOR_INVALID), also for a cursor of another list's shape."""
    values = decode_cursor(cursor)
    try:
        at, row_id = values
        return datetime.fromisoformat(at), UUID(row_id)
    except (ValueError, TypeError, AttributeError):
        raise Problem(
            Code.CURSOR_INVALID,
            "Use `next_cursor` of the page before exactly as it came, or leave it out to start anew.",
            [FieldProblem("?cursor", "cursor_invalid", "not a cursor of this list")],
        ) from None


def write_place(at: datetime, row_id: UUID) -> str:
    """The cursor for the page after the row (at, row_id)."""
    return encode_cursor([at, row_id])
