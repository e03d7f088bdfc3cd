"""Reads and writes of endpoints and the delivery log, for requests (one organisation)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlmodel import col, select

from loop_service.webhooks.schemas import DeliveryFilters
from loop_service.webhooks.tables import Attempt, Delivery, Endpoint, Message
from shared.database.engine import Transaction


async def endpoint_by_id(
    tx: Transaction, org_id: UUID, endpoint_id: UUID, *, to_change: bool = False
) -> Endpoint | None:
    """One endpoint that was not removed."""
    query = select(Endpoint).where(
        Endpoint.org_id == org_id, Endpoint.id == endpoint_id, col(Endpoint.archived_at).is_(None)
    )
    return (await tx.session.exec(query.with_for_update() if to_change else query)).first()


async def list_endpoints(
    tx: Transaction, org_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
) -> list[Endpoint]:
    """Oldest first, one row more than asked for."""
    query = select(Endpoint).where(Endpoint.org_id == org_id, col(Endpoint.archived_at).is_(None))
    if after is not None:
        query = query.where(tuple_(col(Endpoint.created_at), col(Endpoint.id)) > after)
    query = query.order_by(col(Endpoint.created_at), col(Endpoint.id)).limit(limit + 1)
    return list((await tx.session.exec(query)).all())


async def count_endpoints(tx: Transaction, org_id: UUID) -> int:
    """Endpoints that were not removed."""
    query = select(func.count()).select_from(Endpoint)
    return (await tx.session.exec(query.where(Endpoint.org_id == org_id, col(Endpoint.archived_at).is_(None)))).one()


async def release_held(tx: Transaction, org_id: UUID, endpoint_id: UUID, at: datetime) -> None:
    """Make due what waited while the endpoint was switched off, from the start of the schedule."""
    await tx.session.exec(
        update(Delivery)
        .where(col(Delivery.org_id) == org_id, col(Delivery.endpoint_id) == endpoint_id)
        .where(col(Delivery.state) == "held")
        .values(state="pending", step=0, next_at=at)
    )


async def hold_pending(tx: Transaction, org_id: UUID, endpoint_id: UUID) -> None:
    """Keep what is pending until the endpoint is switched on again."""
    await _stop(tx, org_id, endpoint_id, state="held", those=("pending",), at=None)


async def cancel_waiting(tx: Transaction, org_id: UUID, endpoint_id: UUID, at: datetime) -> None:
    """The endpoint is removed: nothing more goes to it."""
    await _stop(tx, org_id, endpoint_id, state="cancelled", those=("pending", "held"), at=at)


async def _stop(
    tx: Transaction, org_id: UUID, endpoint_id: UUID, *, state: str, those: tuple[str, ...], at: datetime | None
) -> None:
    await tx.session.exec(
        update(Delivery)
        .where(col(Delivery.org_id) == org_id, col(Delivery.endpoint_id) == endpoint_id)
        .where(col(Delivery.state).in_(those))
        .values(state=state, next_at=None, lease=None, settled_at=at)
    )


async def newest_message(tx: Transaction, org_id: UUID, kind: str) -> Message | None:
    """The newest real payload of a type."""
    query = select(Message).where(Message.org_id == org_id, Message.type == kind)
    return (await tx.session.exec(query.order_by(col(Message.id).desc()).limit(1))).first()


async def list_deliveries(
    tx: Transaction, org_id: UUID, filters: DeliveryFilters, after: tuple[datetime, UUID] | None
) -> list[Delivery]:
    """Newest first, one row more than asked for."""
    query = select(Delivery).where(Delivery.org_id == org_id)
    for field in ("endpoint_id", "state", "type"):
        value = getattr(filters, field)
        if value is not None:
            query = query.where(getattr(Delivery, field) == value)
    if after is not None:
        query = query.where(tuple_(col(Delivery.created_at), col(Delivery.id)) < after)
    query = query.order_by(col(Delivery.created_at).desc(), col(Delivery.id).desc()).limit(filters.limit + 1)
    return list((await tx.session.exec(query)).all())


async def delivery_by_id(
    tx: Transaction, org_id: UUID, delivery_id: UUID, *, to_change: bool = False
) -> Delivery | None:
    """One delivery of the log."""
    query = select(Delivery).where(Delivery.org_id == org_id, Delivery.id == delivery_id)
    return (await tx.session.exec(query.with_for_update() if to_change else query)).first()


async def message_by_id(tx: Transaction, org_id: UUID, message_id: UUID) -> Message | None:
    """The payload of a delivery."""
    return (await tx.session.exec(select(Message).where(Message.org_id == org_id, Message.id == message_id))).first()


async def attempts_of(tx: Transaction, org_id: UUID, delivery_id: UUID) -> list[Attempt]:
    """Every attempt, oldest first."""
    query = select(Attempt).where(Attempt.org_id == org_id, Attempt.delivery_id == delivery_id)
    return list((await tx.session.exec(query.order_by(col(Attempt.number)))).all())


async def deliveries_of_feedback(tx: Transaction, org_id: UUID, feedback_id: UUID) -> list[tuple[Delivery, Endpoint]]:
    """What was or will be sent because of one piece of feedback, oldest first.

    Three look-ups by key, not one join: without statistics the planner joins by organisation alone.
    """
    found = select(Message.id).where(Message.org_id == org_id, Message.feedback_id == feedback_id)
    message_ids = list((await tx.session.exec(found)).all())
    if not message_ids:
        return []
    query = select(Delivery).where(Delivery.org_id == org_id, col(Delivery.message_id).in_(message_ids))
    deliveries = (await tx.session.exec(query.order_by(col(Delivery.created_at), col(Delivery.id)))).all()
    wanted = {one.endpoint_id for one in deliveries}
    known = await tx.session.exec(select(Endpoint).where(Endpoint.org_id == org_id, col(Endpoint.id).in_(wanted)))
    endpoints = {endpoint.id: endpoint for endpoint in known.all()}
    return [(one, endpoints[one.endpoint_id]) for one in deliveries]
