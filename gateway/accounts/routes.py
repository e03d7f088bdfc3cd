"""HTTP in: organisation, members, API keys, audit log."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from gateway.accounts import membership, queries
from gateway.accounts.queries import Actor
from gateway.accounts.roles import ROLES, SECRET_SCOPES, Role, may_hand_out, may_manage
from gateway.accounts.schemas import (
    ApiKeyCreated,
    ApiKeyIn,
    ApiKeyOut,
    AuditLineOut,
    MemberIn,
    MemberOut,
    MemberPatch,
    OrganizationOut,
    OrganizationPatch,
    RotateIn,
)
from gateway.accounts.tables import ApiKey, AuditLine, Member, Organization
from gateway.settings import GatewaySettings
from shared.contracts.identity import Identity
from shared.contracts.problems import Code, Problem
from shared.database import Transaction
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=512)]


def pepper(request: Request) -> str:
    """The pepper of this deployment."""
    settings: GatewaySettings = request.scope["cxloop.app"].settings
    return settings.key_pepper.get_secret_value()


def not_found(what: str) -> Problem:
    """404 in the same words whether a thing never was or belongs to somebody else."""
    return Problem(Code.NOT_FOUND, f"There is no such {what} in this organisation.")


async def role_of(tx: Transaction, caller: Identity) -> Role | None:
    """The role of the member who calls as it stands now; None for a key."""
    if caller.kind != "member" or caller.actor_id is None:
        return None
    member = await queries.get_member(tx, caller.org_id, caller.actor_id)
    if member is None or not member.active:
        raise Problem(Code.SESSION_INVALID, "Sign in again.")
    return as_role(member.role)


def as_role(text: str) -> Role:
    """The role that a row names."""
    for role in ROLES:
        if role == text:
            return role
    raise ValueError("the database holds a role that does not exist")


async def check_rank(tx: Transaction, caller: Identity, *subjects: Role) -> None:
    """Raises Problem(ROLE_INSUFFICIENT) unless the caller may manage members of every role in `subjects`."""
    mine = await role_of(tx, caller)
    if not all(may_manage(mine, caller.scopes, subject) for subject in subjects):
        raise Problem(Code.ROLE_INSUFFICIENT, "Only somebody who holds at least these rights may do this.")


def organization_out(organization: Organization) -> OrganizationOut:
    """As the API shows it."""
    return OrganizationOut(id=organization.org_id, name=organization.name, created_at=organization.created_at)


def member_out(member: Member) -> MemberOut:
    """As the API shows it."""
    return MemberOut(
        id=member.id,
        email=member.email,
        name=member.name,
        role=as_role(member.role),
        active=member.active,
        created_at=member.created_at,
        updated_at=member.updated_at,
    )


def _key_fields(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "kind": key.kind,
        "name": key.name,
        "prefix": key.shown_prefix,
        "last4": key.last4,
        "scopes": key.scopes,
        "allowed_origins": key.allowed_origins,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "replaced_by": key.replaced_by,
    }


def key_out(key: ApiKey) -> ApiKeyOut:
    """As the API shows it: never the key itself."""
    return ApiKeyOut.model_validate(_key_fields(key))


def key_created(key: ApiKey, text: str) -> ApiKeyCreated:
    """With the key itself, at its birth."""
    return ApiKeyCreated.model_validate({**_key_fields(key), "key": text})


def _line_out(line: AuditLine) -> AuditLineOut:
    return AuditLineOut(
        seq=line.seq,
        id=line.id,
        at=line.at,
        actor={"kind": line.actor_kind, "id": line.actor_id},
        action=line.action,
        subject={"type": line.subject_type, "id": line.subject_id},
        details=line.details,
        hash=line.hash.hex(),
    )


def _cursor_uuid(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor)
    try:
        return UUID(str(values[0]))
    except (ValueError, IndexError):
        raise Problem(Code.CURSOR_INVALID, "Use `next_cursor` of this list.") from None


def _cursor_int(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor)
    if not values or not isinstance(values[0], int):
        raise Problem(Code.CURSOR_INVALID, "Use `next_cursor` of this list.")
    return values[0]


# --- organisation ------------------------------------------------------------------------------------------------


@router.get("/organization", operation_id="organization_get")
async def organization_get(caller: Caller, db: Db) -> OrganizationOut:
    async with db.transaction(caller.org_id) as tx:
        organization = await queries.get_organization(tx, caller.org_id)
        if organization is None:
            raise not_found("organisation")
        return organization_out(organization)


@router.patch("/organization", operation_id="organization_update", dependencies=[needs("accounts:write")])
async def organization_update(body: OrganizationPatch, caller: Caller, db: Db) -> OrganizationOut:
    async with db.transaction(caller.org_id) as tx:
        organization = await queries.rename_organization(tx, caller.org_id, body.name)
        if organization is None:
            raise not_found("organisation")
        await queries.record(
            tx, caller.org_id, Actor.of(caller), "organization.update", "organization", caller.org_id, {"name": True}
        )
        return organization_out(organization)


# --- members -----------------------------------------------------------------------------------------------------


@router.get("/members", operation_id="member_list", dependencies=[needs("accounts:read")])
async def member_list(caller: Caller, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[MemberOut]:
    async with db.transaction(caller.org_id) as tx:
        found = await queries.list_members(tx, caller.org_id, _cursor_uuid(cursor), limit + 1)
    page = found[:limit]
    return Page(
        data=[member_out(member) for member in page],
        next_cursor=encode_cursor([page[-1].id]) if len(found) > limit else None,
    )


@router.post("/members", operation_id="member_create", status_code=201, dependencies=[needs("accounts:write")])
async def member_create(body: MemberIn, request: Request, caller: Caller, db: Db) -> MemberOut:
    async with db.transaction(caller.org_id) as tx:
        await check_rank(tx, caller, body.role)
        member = await membership.add_member(
            tx, caller.org_id, Actor.of(caller), pepper(request), email=body.email, name=body.name, role=body.role,
            trace=request.scope.get("cxloop.traceparent"),
        )  # fmt: skip
        return member_out(member)


@router.patch("/members/{id}", operation_id="member_update", dependencies=[needs("accounts:write")])
async def member_update(id: UUID, body: MemberPatch, request: Request, caller: Caller, db: Db) -> MemberOut:
    async with db.transaction(caller.org_id) as tx:
        member = await queries.get_member(tx, caller.org_id, id, lock=True)
        if member is None:
            raise not_found("member")
        await check_rank(tx, caller, as_role(member.role), *([body.role] if body.role else []))
        await membership.change_member(
            tx, member, Actor.of(caller), name=body.name, role=body.role, active=body.active,
            trace=request.scope.get("cxloop.traceparent"),
        )  # fmt: skip
        return member_out(member)


@router.delete("/members/{id}", operation_id="member_remove", status_code=204, dependencies=[needs("accounts:write")])
async def member_remove(id: UUID, request: Request, caller: Caller, db: Db) -> None:
    async with db.transaction(caller.org_id) as tx:
        member = await queries.get_member(tx, caller.org_id, id, lock=True)
        if member is None:
            raise not_found("member")
        await check_rank(tx, caller, as_role(member.role))
        await membership.change_member(
            tx, member, Actor.of(caller), active=False, trace=request.scope.get("cxloop.traceparent")
        )


# --- API keys ----------------------------------------------------------------------------------------------------


@router.get("/api-keys", operation_id="api_key_list", dependencies=[needs("accounts:write")])
async def api_key_list(caller: Caller, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[ApiKeyOut]:
    async with db.transaction(caller.org_id) as tx:
        found = await queries.list_keys(tx, caller.org_id, _cursor_uuid(cursor), limit + 1)
    page = found[:limit]
    return Page(
        data=[key_out(key) for key in page],
        next_cursor=encode_cursor([page[-1].id]) if len(found) > limit else None,
    )


@router.post("/api-keys", operation_id="api_key_create", status_code=201, dependencies=[needs("accounts:write")])
async def api_key_create(body: ApiKeyIn, request: Request, caller: Caller, db: Db) -> ApiKeyCreated:
    if body.scopes is not None and not may_hand_out(caller.scopes, body.scopes):
        raise Problem(Code.SCOPE_MISSING, "A key cannot be given scopes that the caller does not hold.")
    scopes = body.scopes if body.scopes is not None else sorted(caller.scopes & SECRET_SCOPES)
    async with db.transaction(caller.org_id) as tx:
        key, text = await membership.create_key(
            tx, caller.org_id, Actor.of(caller), pepper(request), kind=body.kind, name=body.name, scopes=scopes,
            allowed_origins=body.allowed_origins, expires_in=body.expires_in,
        )  # fmt: skip
        return key_created(key, text)


@router.delete("/api-keys/{id}", operation_id="api_key_revoke", status_code=204, dependencies=[needs("accounts:write")])
async def api_key_revoke(id: UUID, caller: Caller, db: Db) -> None:
    async with db.transaction(caller.org_id) as tx:
        key = await queries.get_key(tx, caller.org_id, id, lock=True)
        if key is None:
            raise not_found("API key")
        await membership.revoke_key(tx, key, Actor.of(caller))


@router.post(
    "/api-keys/{id}/rotate", operation_id="api_key_rotate", status_code=201, dependencies=[needs("accounts:write")]
)
async def api_key_rotate(id: UUID, body: RotateIn, request: Request, caller: Caller, db: Db) -> ApiKeyCreated:
    async with db.transaction(caller.org_id) as tx:
        key = await queries.get_key(tx, caller.org_id, id, lock=True)
        if key is None:
            raise not_found("API key")
        if key.kind == "secret" and not may_hand_out(caller.scopes, key.scopes):
            raise Problem(Code.SCOPE_MISSING, "The successor would hold scopes that the caller does not.")
        fresh, text = await membership.rotate_key(tx, key, Actor.of(caller), pepper(request), overlap=body.overlap)
        return key_created(fresh, text)


# --- audit log ---------------------------------------------------------------------------------------------------


@router.get("/audit-log", operation_id="audit_log_list", dependencies=[needs("accounts:write")])
async def audit_log_list(caller: Caller, db: Db, limit: Limit = 50, cursor: Cursor = None) -> Page[AuditLineOut]:
    async with db.transaction(caller.org_id) as tx:
        found = await queries.list_audit(tx, caller.org_id, _cursor_int(cursor), limit + 1)
    page = found[:limit]
    return Page(
        data=[_line_out(line) for line in page],
        next_cursor=encode_cursor([page[-1].seq]) if len(found) > limit else None,
    )
