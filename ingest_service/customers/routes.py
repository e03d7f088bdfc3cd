"""HTTP of customers: find one by an identity, see all that is known of one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from ingest_service.customers import queries
from ingest_service.customers.identities import IdentityUnreadable, Kind, normal
from ingest_service.customers.schemas import Contradiction, CustomerFound, CustomerView, KnownIdentity
from ingest_service.customers.tables import CustomerRow, IdentityRow
from ingest_service.customers.timeline import read_timeline
from ingest_service.places import read_place
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=StrictRoute)
_Value = Annotated[str | None, Query(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("", dependencies=[needs("customers:read")], operation_id="findCustomers")
async def find_customers(
    caller: Caller, db: Db, external_id: _Value = None, email: _Value = None, phone: _Value = None
) -> Page[CustomerFound]:
    """The customer who is known by the identity given (exactly one of the three), or an empty list."""
    told: list[tuple[Kind, str]] = []
    given: tuple[tuple[Kind, str | None], ...] = (("external_id", external_id), ("email", email), ("phone", phone))
    for kind, value in given:
        if value is not None:
            told.append((kind, value))
    if len(told) != 1:
        raise Problem(Code.PARAMETER_INVALID, "Give exactly one of external_id, email and phone.")
    kind, value = told[0]
    try:
        wanted = normal(kind, value)
    except IdentityUnreadable as unreadable:
        raise Problem(
            Code.PARAMETER_INVALID,
            "Mend the parameters listed in `errors`.",
            [FieldProblem(f"?{kind}", f"{kind}_invalid", unreadable.detail)],
        ) from None
    async with db.transaction(caller.org_id) as tx:
        found = await queries.customer_by_identity(tx, caller.org_id, kind, wanted)
        if found is None:
            return Page[CustomerFound](data=[])
        identities = await queries.identities_of(tx, caller.org_id, found.id)
    return Page[CustomerFound](data=[_found(found, identities)])


@router.get("/{customer_id}", dependencies=[needs("customers:read")], operation_id="getCustomer")
async def get_customer(
    *,
    customer_id: UUID,
    caller: Caller,
    db: Db,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> CustomerView:
    """All that is known of a customer: identities, attributes, contradictions, and a page of the timeline."""
    before = None if cursor is None else read_place(cursor)
    sources = request.scope["cxloop.app"].resources["timeline"]
    async with db.transaction(caller.org_id) as tx:
        found = await queries.customer(tx, caller.org_id, customer_id)
        if found is None:
            raise Problem(Code.NOT_FOUND, "There is no customer with this id.")
        identities = await queries.identities_of(tx, caller.org_id, customer_id)
        contradictions = await queries.contradictions_of(tx, caller.org_id, customer_id)
        timeline = await read_timeline(tx, sources, caller.org_id, customer_id, before=before, limit=limit)
    return CustomerView(
        **_found(found, identities).model_dump(),
        contradictions=[
            Contradiction.model_validate({"kind": one.kind, "other_customer_id": one.other_id, "seen_at": one.seen_at})
            for one in contradictions
        ],
        timeline=timeline,
    )


def _found(customer: CustomerRow, identities: list[IdentityRow]) -> CustomerFound:
    return CustomerFound(
        id=customer.id,
        name=customer.name,
        attributes=customer.attributes,
        created_at=customer.created_at,
        identities=[
            KnownIdentity.model_validate({"kind": one.kind, "value": one.value, "since": one.created_at})
            for one in identities
        ],
    )
