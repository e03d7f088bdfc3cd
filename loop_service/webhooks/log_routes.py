"""HTTP of the delivery log: what was sent, what came back, send it again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from loop_service.webhooks import queries
from loop_service.webhooks.deliver import message_name
from loop_service.webhooks.schemas import AttemptOut, DeliveryDetail, DeliveryFilters, DeliveryOut
from loop_service.webhooks.tables import Delivery
from shared.contracts.problems import Code, Problem
from shared.database.engine import Transaction
from shared.foundation.clock import now
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/webhook-deliveries", tags=["Webhooks"], route_class=StrictRoute)


@router.get("", operation_id="webhook_delivery_list", dependencies=[needs("webhooks:read")])
async def list_deliveries(caller: Caller, db: Db, filters: Annotated[DeliveryFilters, Query()]) -> Page[DeliveryOut]:
    """Deliveries, newest first."""
    after = None
    if filters.cursor is not None:
        with reading_cursor():
            created_at, delivery_id = decode_cursor(filters.cursor)
            after = (datetime.fromisoformat(created_at), UUID(delivery_id))
    async with db.transaction(caller.org_id) as tx:
        rows = await queries.list_deliveries(tx, caller.org_id, filters, after)
    page = rows[: filters.limit]
    cursor = encode_cursor([page[-1].created_at, page[-1].id]) if len(rows) > filters.limit else None
    return Page[DeliveryOut](data=[_shown(row) for row in page], next_cursor=cursor)


@router.get("/{id}", operation_id="webhook_delivery_get", dependencies=[needs("webhooks:read")])
async def get_delivery(id: UUID, caller: Caller, db: Db) -> DeliveryDetail:
    """One delivery with its payload and every attempt."""
    async with db.transaction(caller.org_id) as tx:
        delivery = await _found(tx, caller.org_id, id)
        message = await queries.message_by_id(tx, caller.org_id, delivery.message_id)
        attempts = await queries.attempts_of(tx, caller.org_id, id)
    return DeliveryDetail(
        **_shown(delivery).model_dump(),
        payload=message.body if message else "",
        log=[AttemptOut.model_validate(one.model_dump(exclude={"org_id", "delivery_id"})) for one in attempts],
    )


@router.post(
    "/{id}/replay", operation_id="webhook_delivery_replay", status_code=202, dependencies=[needs("webhooks:write")]
)
async def replay(id: UUID, caller: Caller, db: Db) -> DeliveryOut:
    """Deliver once more, from the start of the schedule, with the same webhook-id."""
    async with db.transaction(caller.org_id) as tx:
        delivery = await _found(tx, caller.org_id, id, to_change=True)
        endpoint = await queries.endpoint_by_id(tx, caller.org_id, delivery.endpoint_id)
        if endpoint is None or not endpoint.enabled:
            raise Problem(Code.CONFLICT, "Its endpoint is removed or switched off. Switch it on first.")
        delivery.state, delivery.step, delivery.next_at = "pending", 0, now()
        delivery.lease = delivery.settled_at = None
    return _shown(delivery)


async def _found(tx: Transaction, org_id: UUID, delivery_id: UUID, *, to_change: bool = False) -> Delivery:
    delivery = await queries.delivery_by_id(tx, org_id, delivery_id, to_change=to_change)
    if delivery is None:
        raise Problem(Code.NOT_FOUND, "There is no webhook delivery with this id.")
    return delivery


def _shown(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut.model_validate(
        {
            **delivery.model_dump(exclude={"org_id", "message_id", "step", "lease"}),
            "webhook_id": message_name(delivery.message_id),
        }
    )
