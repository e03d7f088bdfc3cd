"""HTTP in: sign-in links, the sign-in page, the session, passwords."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from gateway.accounts import api_keys, membership, queries
from gateway.accounts.cookies import clear_cookie, session_token, set_cookie
from gateway.accounts.directory import organizations_of
from gateway.accounts.passwords import hash_password, matches
from gateway.accounts.queries import Actor
from gateway.accounts.roles import ROLE_SCOPES
from gateway.accounts.routes import as_role, check_rank, member_out, not_found, organization_out, pepper
from gateway.accounts.schemas import PasswordIn, SessionIn, SessionOut, SignInLinkIn, SignInLinkOut
from gateway.settings import GatewaySettings
from gateway.web.pages import sign_in_page
from shared.contracts.identity import Identity
from shared.contracts.problems import Code, Problem
from shared.database import Database
from shared.foundation.clock import now
from shared.web.identity import Caller, Db, needs
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)
page_router = APIRouter(include_in_schema=False)

LANDING = "/dashboard"


def _settings(request: Request) -> GatewaySettings:
    settings: GatewaySettings = request.scope["cxloop.app"].settings
    return settings


@router.post(
    "/sign-in-links", operation_id="sign_in_link_create", status_code=201, dependencies=[needs("accounts:write")]
)
async def sign_in_link_create(body: SignInLinkIn, request: Request, caller: Caller, db: Db) -> SignInLinkOut:
    async with db.transaction(caller.org_id) as tx:
        if body.member_id is not None:
            member = await queries.get_member(tx, caller.org_id, body.member_id)
        else:
            member = await queries.member_by_email(tx, caller.org_id, body.email or "")
        if member is None:
            raise not_found("member")
        # A link is as good as the member's rights: nobody may reach above his own through one.
        await check_rank(tx, caller, as_role(member.role))
        link, token = await membership.create_sign_in_link(
            tx, member, Actor.of(caller), pepper(request), reusable=body.reusable, expires_in=body.expires_in
        )
    return SignInLinkOut(
        id=link.id,
        url=f"{_settings(request).public_url}/sign-in?token={token}",
        member_id=link.member_id,
        reusable=link.reusable,
        expires_at=link.expires_at,
    )


@page_router.get("/sign-in")
async def sign_in(
    request: Request,
    db: Db,
    token: Annotated[str, Query(max_length=200)] = "",
    next: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """Follow a sign-in link: set the session cookie and go on to the dashboard. Without a token: the sign-in page."""
    if not token:
        return sign_in_page()
    session = await _session_by_link(request, db, token)
    if session is None:
        return sign_in_page("This link has expired or was used already. Ask for a new one.", status=401)
    answer = RedirectResponse(_local(next), status_code=303)
    settings = _settings(request)
    answer.headers["set-cookie"] = set_cookie(session, secure=settings.secure, days=settings.session_days)
    answer.headers["cache-control"] = "no-store"
    answer.headers["referrer-policy"] = "no-referrer"  # the token stands in the address that is being left
    return answer


async def _session_by_link(request: Request, db: Database, text: str) -> str | None:
    try:
        token = api_keys.read(text)
    except api_keys.TokenMalformed:
        return None
    if token.kind != "sign_in_link":
        return None
    async with db.transaction(token.org_id) as tx:
        member_id = await queries.use_link(tx, token.org_id, api_keys.digest(token, pepper(request)), now())
        if member_id is None:
            return None
        return await membership.open_session(
            tx, token.org_id, member_id, pepper(request), days=_settings(request).session_days, how="link"
        )


def _local(next: str) -> str:
    """Where to go after sign-in: a path of ours, never another site."""
    parts = urlsplit(next)
    fits = next.startswith("/") and not next.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return next if fits and next.isprintable() and "\\" not in next else LANDING


@router.post("/session", operation_id="session_create", status_code=204)
async def session_create(body: SessionIn, request: Request, db: Db) -> Response:
    settings = _settings(request)
    if body.organization_id is not None:
        org_ids = [body.organization_id]
    else:
        org_ids = await organizations_of(db, body.email, pepper(request))
    found: list[tuple[UUID, UUID]] = []
    for org_id in org_ids:
        async with db.transaction(org_id) as tx:
            member = await queries.member_by_email(tx, org_id, body.email)
            stored = member.password_hash if member is not None and member.active else None
        # Outside any transaction: argon2 takes tens of milliseconds of CPU.
        if member is not None and await asyncio.to_thread(matches, stored, body.password):
            found.append((org_id, member.id))
    if not org_ids:
        await asyncio.to_thread(matches, None, body.password)  # as long as for an address that is known
    if not found:
        raise Problem(Code.SIGN_IN_FAILED, "E-mail address and password do not belong together.")
    if len(found) > 1:
        raise Problem(Code.CONFLICT, "This sign-in fits several organisations; name one in `organization_id`.")
    ((org_id, member_id),) = found
    async with db.transaction(org_id) as tx:
        token = await membership.open_session(
            tx, org_id, member_id, pepper(request), days=settings.session_days, how="password"
        )
    answer = Response(status_code=204)
    answer.headers["set-cookie"] = set_cookie(token, secure=settings.secure, days=settings.session_days)
    return answer


@router.get("/session", operation_id="session_get")
async def session_get(caller: Caller, db: Db) -> SessionOut:
    async with db.transaction(caller.org_id) as tx:
        member = await queries.get_member(tx, caller.org_id, _member_id(caller))
        organization = await queries.get_organization(tx, caller.org_id)
        if member is None or organization is None:
            raise Problem(Code.SESSION_INVALID, "Sign in again.")
        return SessionOut(
            member=member_out(member),
            organization=organization_out(organization),
            scopes=sorted(ROLE_SCOPES[as_role(member.role)]),
        )


@router.delete("/session", operation_id="session_end", status_code=204)
async def session_end(request: Request, caller: Caller, db: Db) -> Response:
    settings = _settings(request)
    text = session_token(request.headers.get("cookie", "").encode("latin-1"), secure=settings.secure)
    if text is not None:
        digest = api_keys.digest(api_keys.read(text), pepper(request))
        async with db.transaction(caller.org_id) as tx:
            ended = await queries.end_session(tx, caller.org_id, digest)
            if ended is not None:
                await queries.record(tx, caller.org_id, Actor.of(caller), "session.end", "session", ended)
    answer = Response(status_code=204)
    answer.headers["set-cookie"] = clear_cookie(secure=settings.secure)
    return answer


@router.put("/session/password", operation_id="password_set", status_code=204)
async def password_set(body: PasswordIn, caller: Caller, db: Db) -> None:
    async with db.transaction(caller.org_id) as tx:
        member = await queries.get_member(tx, caller.org_id, _member_id(caller))
        stored = member.password_hash if member is not None else None
    if stored is not None and not await asyncio.to_thread(matches, stored, body.current or ""):
        raise Problem(Code.SIGN_IN_FAILED, "The present password is needed in `current`, and this is not it.")
    fresh = await asyncio.to_thread(hash_password, body.new)
    async with db.transaction(caller.org_id) as tx:
        member = await queries.get_member(tx, caller.org_id, _member_id(caller), lock=True)
        if member is None or not member.active or member.password_hash != stored:
            raise Problem(Code.CONFLICT, "The password was changed meanwhile. Try again.")
        member.password_hash = fresh
        member.updated_at = now()
        await tx.session.flush()
        await queries.record(tx, caller.org_id, Actor.of(caller), "member.password_set", "member", member.id)


def _member_id(caller: Identity) -> UUID:
    if caller.kind != "member" or caller.actor_id is None:
        raise Problem(Code.SESSION_INVALID, "Sign in; an API key has no session.")
    return caller.actor_id
