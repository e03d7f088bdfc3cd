"""HTTP of erasure: forget a customer."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from ingest_service.privacy.erase import erase_customer
from ingest_service.privacy.schemas import Erased, ErasureReceipt
from shared.contracts.problems import Code, Problem
from shared.web.identity import Caller, Db, needs
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=StrictRoute)


@router.delete("/{customer_id}", status_code=202, dependencies=[needs("customers:write")], operation_id="eraseCustomer")
async def erase(customer_id: UUID, caller: Caller, db: Db) -> ErasureReceipt:
    """Forget a customer: names, identities, timeline and words go for good; scores stay and belong to nobody.

    Asked again, it answers with the same receipt. Whoever comes back later is a new customer.
    """
    async with db.batch([caller.org_id]) as batch:
        receipt = await erase_customer(batch, caller.org_id, customer_id)
    if receipt is None:
        raise Problem(Code.NOT_FOUND, "There is no customer with this id.")
    return ErasureReceipt(
        id=receipt.customer_id,
        requested_at=receipt.requested_at,
        erased=Erased(feedback=receipt.feedback, identities=receipt.identities, timeline=receipt.timeline),
    )
