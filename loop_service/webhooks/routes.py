"""HTTP of webhook endpoints: create, change, test, rotate the secret."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from loop_service.etags import check_if_match, etag
from loop_service.webhooks import queries
from loop_service.webhooks.deliver import call_receiver
from loop_service.webhooks.destinations import DestinationRefused, check_url
from loop_service.webhooks.due import record_attempt
from loop_service.webhooks.outbound import Outbound
from loop_service.webhooks.payloads import EXAMPLES, payload
from loop_service.webhooks.schemas import (
    EndpointCreated,
    EndpointFilters,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    RotateIn,
    TestIn,
    TestResult,
)
from loop_service.webhooks.signing import new_secret
from loop_service.webhooks.tables import Delivery, Endpoint, Message
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database.engine import Transaction
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.foundation.sealing import Vault
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

MAX_ENDPOINTS = 20

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["Webhooks"], route_class=StrictRoute)
IfMatch = Annotated[str | None, Header(description="The ETag you read; a change in between is then refused (412).")]
_reading, _writing = needs("webhooks:read"), needs("webhooks:write")


@router.post("", operation_id="webhook_endpoint_create", status_code=201, dependencies=[_writing])
async def create(body: EndpointIn, caller: Caller, db: Db, request: Request, response: Response) -> EndpointCreated:
    """Create an endpoint. Keep the secret of the answer: it is not shown again."""
    _check(body.url, request)
    at, secret = now(), new_secret()
    endpoint = Endpoint(
        org_id=caller.org_id,
        id=new_id(),
        url=body.url,
        description=body.description,
        events=sorted(set(body.events)),
        enabled=True,
        secret=_vault(request).seal(secret),
        created_at=at,
        updated_at=at,
    )
    async with db.transaction(caller.org_id) as tx:
        if await queries.count_endpoints(tx, caller.org_id) >= MAX_ENDPOINTS:
            raise Problem(Code.LIMIT_REACHED, f"An organisation has at most {MAX_ENDPOINTS} endpoints. Remove one.")
        tx.session.add(endpoint)
    response.headers["location"] = f"/v1/webhook-endpoints/{endpoint.id}"
    response.headers["etag"] = etag(endpoint.version)
    return EndpointCreated(**_shown(endpoint).model_dump(), secret=secret)


@router.get("", operation_id="webhook_endpoint_list", dependencies=[_reading])
async def list_all(caller: Caller, db: Db, filters: Annotated[EndpointFilters, Query()]) -> Page[EndpointOut]:
    """Endpoints, oldest first."""
    after = None
    if filters.cursor is not None:
        with reading_cursor():
            created_at, endpoint_id = decode_cursor(filters.cursor)
            after = (datetime.fromisoformat(created_at), UUID(endpoint_id))
    async with db.transaction(caller.org_id) as tx:
        rows = await queries.list_endpoints(tx, caller.org_id, limit=filters.limit, after=after)
    page = rows[: filters.limit]
    cursor = encode_cursor([page[-1].created_at, page[-1].id]) if len(rows) > filters.limit else None
    return Page[EndpointOut](data=[_shown(row) for row in page], next_cursor=cursor)


@router.get("/{id}", operation_id="webhook_endpoint_get", dependencies=[_reading])
async def get(id: UUID, caller: Caller, db: Db, response: Response) -> EndpointOut:
    """One endpoint."""
    async with db.transaction(caller.org_id) as tx:
        endpoint = await _found(tx, caller.org_id, id)
    response.headers["etag"] = etag(endpoint.version)
    return _shown(endpoint)


@router.patch("/{id}", operation_id="webhook_endpoint_update", dependencies=[_writing])
async def change(
    *,
    id: UUID,
    body: EndpointPatch,
    caller: Caller,
    db: Db,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> EndpointOut:
    """Change an endpoint. Switching it on again sends what waited; switching it off keeps it."""
    if body.url is not None:
        _check(body.url, request)
    at = now()
    async with db.transaction(caller.org_id) as tx:
        endpoint = await _found(tx, caller.org_id, id, to_change=True)
        check_if_match(if_match, endpoint.version)
        if body.url is not None:
            endpoint.url = body.url
        if body.description is not None:
            endpoint.description = body.description
        if body.events is not None:
            endpoint.events = sorted(set(body.events))
        if body.enabled is True:
            endpoint.enabled, endpoint.disabled_reason = True, None
            endpoint.failing_since = endpoint.quiet_until = None
            await queries.release_held(tx, caller.org_id, id, at)
        elif body.enabled is False:
            endpoint.enabled, endpoint.disabled_reason = False, "switched off by a person"
            await queries.hold_pending(tx, caller.org_id, id)
        endpoint.version, endpoint.updated_at = endpoint.version + 1, at
    response.headers["etag"] = etag(endpoint.version)
    return _shown(endpoint)


@router.delete("/{id}", operation_id="webhook_endpoint_remove", status_code=204, dependencies=[_writing])
async def remove(id: UUID, caller: Caller, db: Db) -> None:
    """Remove an endpoint; what was not delivered yet is cancelled, the log stays."""
    at = now()
    async with db.transaction(caller.org_id) as tx:
        endpoint = await _found(tx, caller.org_id, id, to_change=True)
        endpoint.archived_at = endpoint.updated_at = at
        endpoint.enabled = False
        await queries.cancel_waiting(tx, caller.org_id, id, at)


@router.post("/{id}/rotate-secret", operation_id="webhook_endpoint_rotate_secret", dependencies=[_writing])
async def rotate(id: UUID, caller: Caller, db: Db, request: Request, body: RotateIn | None = None) -> EndpointCreated:
    """Make a new secret. Both sign for a while, so that the receiver can change over without a gap."""
    at, secret = now(), new_secret()
    overlap = timedelta(hours=(body or RotateIn()).overlap_hours)
    async with db.transaction(caller.org_id) as tx:
        endpoint = await _found(tx, caller.org_id, id, to_change=True)
        endpoint.previous_secret = endpoint.secret if overlap else None
        endpoint.previous_secret_until = at + overlap if overlap else None
        endpoint.secret = _vault(request).seal(secret)
        endpoint.version, endpoint.updated_at = endpoint.version + 1, at
    return EndpointCreated(**_shown(endpoint).model_dump(), secret=secret)


@router.post("/{id}/test", operation_id="webhook_endpoint_test", dependencies=[_writing])
async def send_test(id: UUID, caller: Caller, db: Db, request: Request, body: TestIn | None = None) -> TestResult:
    """Send a real payload now and tell what came back. It is signed and logged like any other."""
    at = now()
    async with db.transaction(caller.org_id) as tx:
        endpoint = await _found(tx, caller.org_id, id)
        kind = (body.type if body else None) or endpoint.events[0]
        newest = await queries.newest_message(tx, caller.org_id, kind)
    data: dict[str, Any] = orjson.loads(newest.body)["data"] if newest else EXAMPLES[kind]
    message = Message(
        org_id=caller.org_id,
        id=new_id(),
        type=kind,
        body=payload(kind, at, {**data, "test": True}),
        trace=request.scope.get("cxloop.traceparent"),
        created_at=at,
    )
    vault = _vault(request)
    secrets = [vault.open(endpoint.secret)]
    if endpoint.previous_secret and endpoint.previous_secret_until and endpoint.previous_secret_until > at:
        secrets.append(vault.open(endpoint.previous_secret))
    reply = await call_receiver(
        _outbound(request),
        url=endpoint.url,
        message_id=message.id,
        body=message.body,
        secrets=secrets,
        trace=message.trace,
    )
    delivered = reply.status is not None and 200 <= reply.status < 300
    delivery = Delivery(
        org_id=caller.org_id,
        id=new_id(),
        endpoint_id=id,
        message_id=message.id,
        type=kind,
        state="delivered" if delivered else "dead",
        step=1,
        attempts=1,
        last_status=reply.status,
        last_reason=reply.reason,
        created_at=at,
        settled_at=now(),
    )
    async with db.transaction(caller.org_id) as tx:
        tx.session.add(message)
        await tx.session.flush()
        tx.session.add(delivery)
        await tx.session.flush()
        await record_attempt(tx, caller.org_id, delivery.id, 1, reply=reply, at=at)
    return TestResult.model_validate(
        {
            "delivered": delivered,
            "delivery_id": delivery.id,
            "type": kind,
            "status": reply.status,
            "reason": reply.reason,
            "duration_ms": reply.duration_ms,
            "response": reply.response,
        }
    )


async def _found(tx: Transaction, org_id: UUID, endpoint_id: UUID, *, to_change: bool = False) -> Endpoint:
    endpoint = await queries.endpoint_by_id(tx, org_id, endpoint_id, to_change=to_change)
    if endpoint is None:
        raise Problem(Code.NOT_FOUND, "There is no webhook endpoint with this id.")
    return endpoint


def _check(url: str, request: Request) -> None:
    try:
        check_url(url, allowed=request.scope["cxloop.app"].settings.allowed_hosts)
    except DestinationRefused as refused:
        fault = FieldProblem("/url", "destination_refused", str(refused))
        raise Problem(Code.DESTINATION_REFUSED, "Name a public https:// address.", [fault]) from None


def _vault(request: Request) -> Vault:
    vault: Vault = request.scope["cxloop.app"].resources["vault"]
    return vault


def _outbound(request: Request) -> Outbound:
    outbound: Outbound = request.scope["cxloop.app"].resources["outbound"]
    return outbound


def _shown(endpoint: Endpoint) -> EndpointOut:
    return EndpointOut.model_validate(endpoint.model_dump(exclude={"org_id", "secret", "previous_secret"}))
