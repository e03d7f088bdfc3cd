"""HTTP of sources: connect, change, remove; and the address that a provider calls."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import SecretStr

from ingest_service.channels.typeform import TypeformSettings
from ingest_service.places import read_place, write_place
from ingest_service.sources import queries
from ingest_service.sources.reception import Reception, unknown_source
from ingest_service.sources.schemas import Fault, Quarantined, Received, Source, SourceChange, SourceIn
from ingest_service.sources.tables import SourceRow
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.foundation.sealing import Vault
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/sources", tags=["sources"], route_class=StrictRoute)

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=512)]


@router.post("", status_code=201, dependencies=[needs("sources:write")], operation_id="createSource")
async def create_source(told: SourceIn, caller: Caller, db: Db, request: Request, response: Response) -> Source:
    """Connect a source; then tell its provider the address in `inbound_path`."""
    async with db.transaction(caller.org_id) as tx:
        made = await queries.create(
            tx,
            caller.org_id,
            new_id(),
            channel=told.channel,
            name=told.name,
            secret=_sealed(request, told.signing_secret),
            settings=told.settings.model_dump(mode="json"),
            at=now(),
        )
    response.headers["location"] = f"/v1/sources/{made.id}"
    return _shown(made)


@router.get("", dependencies=[needs("sources:read")], operation_id="listSources")
async def list_sources(caller: Caller, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[Source]:
    """All sources, newest first."""
    before = None if cursor is None else read_place(cursor)
    async with db.transaction(caller.org_id) as tx:
        found = await queries.listed(tx, caller.org_id, before, limit + 1)
    page = found[:limit]
    more = write_place(page[-1].created_at, page[-1].id) if len(found) > limit else None
    return Page[Source](data=[_shown(one) for one in page], next_cursor=more)


@router.get("/{source_id}", dependencies=[needs("sources:read")], operation_id="getSource")
async def get_source(source_id: UUID, caller: Caller, db: Db) -> Source:
    """One source."""
    async with db.transaction(caller.org_id) as tx:
        found = await queries.one(tx, caller.org_id, source_id)
    if found is None:
        raise unknown_source()
    return _shown(found)


@router.patch("/{source_id}", dependencies=[needs("sources:write")], operation_id="changeSource")
async def change_source(source_id: UUID, told: SourceChange, caller: Caller, db: Db, request: Request) -> Source:
    """Change the name, the signing secret or the settings; the new secret counts at once, the old one no more."""
    changes: dict[str, Any] = {"changed_at": now()}
    if told.name is not None:
        changes["name"] = told.name
    if told.settings is not None:
        changes["settings"] = told.settings.model_dump(mode="json")
    if "signing_secret" in told.model_fields_set:
        changes["secret"] = _sealed(request, told.signing_secret)
    async with db.transaction(caller.org_id) as tx:
        changed = await queries.change(tx, caller.org_id, source_id, changes)
    if changed is None:
        raise unknown_source()
    return _shown(changed)


@router.delete("/{source_id}", status_code=204, dependencies=[needs("sources:write")], operation_id="removeSource")
async def remove_source(source_id: UUID, caller: Caller, db: Db) -> None:
    """Remove a source and its quarantine; feedback that came by it stays."""
    async with db.transaction(caller.org_id) as tx:
        removed = await queries.remove(tx, caller.org_id, source_id)
    if not removed:
        raise unknown_source()


@router.get("/{source_id}/quarantine", dependencies=[needs("sources:read")], operation_id="listSourceQuarantine")
async def list_quarantine(
    source_id: UUID, caller: Caller, db: Db, limit: Limit = 50, cursor: Cursor = None
) -> Page[Quarantined]:
    """What a signed source sent that could not be understood, newest first, without the bodies."""
    before = None if cursor is None else read_place(cursor)
    async with db.transaction(caller.org_id) as tx:
        if await queries.one(tx, caller.org_id, source_id) is None:
            raise unknown_source()
        found = await queries.quarantined(tx, caller.org_id, source_id, before, limit + 1)
    page = found[:limit]
    more = write_place(page[-1].received_at, page[-1].id) if len(found) > limit else None
    data = [
        Quarantined(
            id=one.id,
            received_at=one.received_at,
            reason=one.reason,
            faults=[Fault.model_validate(fault) for fault in one.faults],
            size_bytes=one.size_bytes,
        )
        for one in page
    ]
    return Page[Quarantined](data=data, next_cursor=more)


@router.post(
    "/{source_id}/inbound",
    dependencies=[needs("responses:write")],
    operation_id="receiveFromSource",
    status_code=202,
    response_model=Received,
    responses={200: {"model": Received, "description": "Known already"}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The provider's document, at most 1 MiB; the signature is checked over its very bytes.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def receive(source_id: UUID, caller: Caller, request: Request) -> Response:
    """Where the provider sends its webhooks: this address with `?key=` and a publishable key."""
    reception: Reception = request.scope["cxloop.app"].resources["reception"]
    reply = await reception.take(
        caller.org_id,
        source_id,
        request.headers,
        await request.body(),
        request.scope["cxloop.traceparent"],
    )
    return Response(reply.body, status_code=reply.status, media_type="application/json")


def _sealed(request: Request, secret: SecretStr | None) -> bytes | None:
    vault: Vault = request.scope["cxloop.app"].resources["vault"]
    return None if secret is None else vault.seal(secret.get_secret_value())


def _shown(row: SourceRow) -> Source:
    return Source(
        id=row.id,
        channel=row.channel,
        name=row.name,
        signed=row.secret is not None,
        settings=TypeformSettings.model_validate(row.settings),
        inbound_path=f"/v1/sources/{row.id}/inbound",
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
