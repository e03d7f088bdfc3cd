"""HTTP of the mail log."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from loop_service.notifications import queries
from loop_service.notifications.schemas import MailFilters, MailOut
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/mail", tags=["Mail"], route_class=StrictRoute)


@router.get("", operation_id="mail_list", dependencies=[needs("cases:read")])
async def list_mail(caller: Caller, db: Db, filters: Annotated[MailFilters, Query()]) -> Page[MailOut]:
    """Mails about cases, newest first; addresses are not shown."""
    after = None
    if filters.cursor is not None:
        with reading_cursor():
            created_at, mail_id = decode_cursor(filters.cursor)
            after = (datetime.fromisoformat(created_at), UUID(mail_id))
    async with db.transaction(caller.org_id) as tx:
        rows = await queries.list_mails(tx, caller.org_id, filters, after)
    page = rows[: filters.limit]
    cursor = encode_cursor([page[-1].created_at, page[-1].id]) if len(rows) > filters.limit else None
    shown = [
        MailOut.model_validate(row.model_dump(exclude={"org_id", "event_id", "data", "lease", "trace"})) for row in page
    ]
    return Page[MailOut](data=shown, next_cursor=cursor)
