"""Reads and writes of mails."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select

from loop_service.notifications.schemas import MailFilters
from loop_service.notifications.tables import Mail
from shared.database.engine import Batch, Transaction


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail about to be queued."""

    org_id: UUID
    id: UUID
    kind: str
    event_id: UUID
    case_id: UUID
    feedback_id: UUID | None
    member_id: UUID
    data: dict[str, Any]
    trace: str | None


async def queue_mails(
    batch: Batch, org_ids: Collection[UUID], mails: Sequence[NewMail], *, at: datetime, configured: bool
) -> None:
    """Queue mails; the same event never writes twice to the same member."""
    await batch.conn.execute(
        """
        INSERT INTO loop.mails (org_id, id, kind, event_id, case_id, feedback_id, member_id, data, trace,
            state, next_at, last_reason, created_at, settled_at)
        SELECT given.*, $11::text, CASE WHEN $11 = 'pending' THEN $10::timestamptz END,
            CASE WHEN $11 = 'pending' THEN NULL ELSE 'no mail server is configured (SMTP_HOST)' END,
            $10, CASE WHEN $11 = 'pending' THEN NULL ELSE $10::timestamptz END
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
            $8::jsonb[], $9::text[])
            AS given (org_id, id, kind, event_id, case_id, feedback_id, member_id, data, trace)
        WHERE given.org_id = ANY ($12::uuid[])
        ON CONFLICT (org_id, event_id, member_id) DO NOTHING
        """,
        [one.org_id for one in mails],
        [one.id for one in mails],
        [one.kind for one in mails],
        [one.event_id for one in mails],
        [one.case_id for one in mails],
        [one.feedback_id for one in mails],
        [one.member_id for one in mails],
        [one.data for one in mails],
        [one.trace for one in mails],
        at,
        "pending" if configured else "not_configured",
        list(org_ids),
    )


async def list_mails(
    tx: Transaction, org_id: UUID, filters: MailFilters, after: tuple[datetime, UUID] | None
) -> list[Mail]:
    """Newest first, one row more than asked for."""
    query = select(Mail).where(Mail.org_id == org_id)
    for field in ("state", "case_id", "member_id"):
        value = getattr(filters, field)
        if value is not None:
            query = query.where(getattr(Mail, field) == value)
    if after is not None:
        query = query.where(tuple_(col(Mail.created_at), col(Mail.id)) < after)
    query = query.order_by(col(Mail.created_at).desc(), col(Mail.id).desc()).limit(filters.limit + 1)
    return list((await tx.session.exec(query)).all())


async def mails_of_feedback(tx: Transaction, org_id: UUID, feedback_id: UUID) -> list[Mail]:
    """Mails that went out, or will, because of one piece of feedback."""
    query = select(Mail).where(Mail.org_id == org_id, Mail.feedback_id == feedback_id)
    return list((await tx.session.exec(query.order_by(col(Mail.created_at)))).all())
