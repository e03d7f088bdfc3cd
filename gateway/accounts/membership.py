"""What it means to add or change a member, mint or replace a key, sign somebody in: used by routes and command line.

Each function works within the caller's transaction, writes the audit trail beside the change, and publishes what
others must hear.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gateway.accounts import api_keys, queries
from gateway.accounts.directory import enlist
from gateway.accounts.queries import Actor
from gateway.accounts.roles import PUBLISHABLE_SCOPES, SECRET_SCOPES, Role
from gateway.accounts.tables import ApiKey, Member, Session, SignInLink
from shared.contracts.envelope import event
from shared.contracts.gateway_events import MemberChanged
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database import Transaction
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging import publish

MAX_LIVE_KEYS = 200
"""Per organisation; a script that mints keys in a loop is stopped here."""


async def tell(tx: Transaction, member: Member, trace: str | None = None) -> None:
    """Publish how a member stands now."""
    data = MemberChanged(
        member_id=member.id,
        email=member.email,
        name=member.name,
        role=member.role,
        active=member.active,
        version=member.version,
    )
    changed = event(member.org_id, "MemberChanged", data.model_dump(mode="json"), publisher="gateway", trace=trace)
    await publish(tx, [changed])


async def found_organization(tx: Transaction, org_id: UUID, name: str, actor: Actor) -> None:
    """Create an organisation. The transaction must be open for `org_id`."""
    await queries.add_organization(tx, org_id, name)
    await queries.record(tx, org_id, actor, "organization.create", "organization", org_id)


async def add_member(
    tx: Transaction,
    org_id: UUID,
    actor: Actor,
    pepper: str,
    *,
    email: str,
    name: str,
    role: Role,
    trace: str | None = None,
) -> Member:
    """Add a member. Raises Problem(CONFLICT) when the address is taken in this organisation."""
    if await queries.member_by_email(tx, org_id, email) is not None:
        raise Problem(
            Code.CONFLICT,
            "A member with this e-mail address is already there; change or reactivate him instead.",
            [FieldProblem("/email", "taken", "already a member")],
        )
    at = now()
    member = Member(org_id=org_id, id=new_id(), email=email, name=name, role=role, created_at=at, updated_at=at)
    tx.session.add(member)
    await tx.session.flush()
    await enlist(tx, org_id, email, pepper)
    await queries.record(tx, org_id, actor, "member.create", "member", member.id, {"role": role})
    await tell(tx, member, trace)
    return member


async def change_member(
    tx: Transaction,
    member: Member,
    actor: Actor,
    *,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    trace: str | None = None,
) -> None:
    """Change a member (row locked by the caller). Raises Problem(CONFLICT) rather than leave no active owner."""
    loses_owner = (role is not None and role != "owner") or active is False
    is_owner = member.role == "owner" and member.active
    if is_owner and loses_owner and not await queries.other_active_owners(tx, member.org_id, member.id):
        raise Problem(Code.CONFLICT, "This is the last active owner. Make somebody else an owner first.")
    changed = {}
    for field, value in (("name", name), ("role", role), ("active", active)):
        if value is not None and getattr(member, field) != value:
            setattr(member, field, value)
            changed[field] = value if field != "name" else True  # a name is personal and stays out of the trail
    if not changed:
        return
    member.version += 1
    member.updated_at = now()
    await tx.session.flush()
    if active is False:
        await queries.end_sessions(tx, member.org_id, member.id)
    await queries.record(tx, member.org_id, actor, "member.update", "member", member.id, changed)
    await tell(tx, member, trace)


async def create_key(
    tx: Transaction,
    org_id: UUID,
    actor: Actor,
    pepper: str,
    *,
    kind: str,
    name: str,
    scopes: list[str] | None,
    allowed_origins: list[str],
    expires_in: int | None,
) -> tuple[ApiKey, str]:
    """Mint a key; returns its row and, this once, its text. Raises Problem(LIMIT_REACHED)."""
    if await queries.live_key_count(tx, org_id) >= MAX_LIVE_KEYS:
        raise Problem(Code.LIMIT_REACHED, f"{MAX_LIVE_KEYS} keys are live. Revoke some that are not used.")
    token = api_keys.mint("secret" if kind == "secret" else "publishable", org_id)
    at = now()
    granted = sorted(SECRET_SCOPES if scopes is None else scopes) if kind == "secret" else sorted(PUBLISHABLE_SCOPES)
    key = ApiKey(
        org_id=org_id,
        id=new_id(),
        kind=kind,
        name=name,
        shown_prefix=token.shown_prefix,
        last4=token.last4,
        digest=api_keys.digest(token, pepper),
        scopes=granted,
        allowed_origins=allowed_origins,
        created_by=actor.id,
        created_at=at,
        expires_at=at + timedelta(seconds=expires_in) if expires_in is not None else None,
    )
    tx.session.add(key)
    await tx.session.flush()
    await queries.record(tx, org_id, actor, "api_key.create", "api_key", key.id, {"kind": kind, "scopes": granted})
    return key, token.text


async def rotate_key(tx: Transaction, key: ApiKey, actor: Actor, pepper: str, *, overlap: int) -> tuple[ApiKey, str]:
    """Replace a key (row locked by the caller): the old one works `overlap` seconds more. Raises Problem(CONFLICT)."""
    at = now()
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at):
        raise Problem(Code.CONFLICT, "The key has ended; create a new one instead.")
    if key.replaced_by is not None:
        raise Problem(Code.CONFLICT, "The key was already replaced; rotate its successor.")
    remaining = int((key.expires_at - key.created_at).total_seconds()) if key.expires_at is not None else None
    fresh, text = await create_key(
        tx, key.org_id, actor, pepper, kind=key.kind, name=key.name, scopes=list(key.scopes),
        allowed_origins=list(key.allowed_origins), expires_in=remaining,
    )  # fmt: skip
    end = at + timedelta(seconds=overlap)
    key.expires_at = end if key.expires_at is None else min(end, key.expires_at)
    key.replaced_by = fresh.id
    await tx.session.flush()
    await queries.record(
        tx, key.org_id, actor, "api_key.rotate", "api_key", key.id, {"replaced_by": str(fresh.id), "overlap_s": overlap}
    )
    return fresh, text


async def revoke_key(tx: Transaction, key: ApiKey, actor: Actor) -> None:
    """Revoke a key (row locked by the caller); the doors hear of it within their caches' seconds. Twice is once."""
    if key.revoked_at is not None:
        return
    key.revoked_at = now()
    await tx.session.flush()
    await queries.record(tx, key.org_id, actor, "api_key.revoke", "api_key", key.id)


async def create_sign_in_link(
    tx: Transaction, member: Member, actor: Actor, pepper: str, *, reusable: bool, expires_in: int
) -> tuple[SignInLink, str]:
    """Make a link for a member; returns its row and its token. Raises Problem(CONFLICT) for an inactive member."""
    if not member.active:
        raise Problem(Code.CONFLICT, "The member is not active; reactivate him first.")
    token = api_keys.mint("sign_in_link", member.org_id)
    at = now()
    link = SignInLink(
        org_id=member.org_id,
        id=new_id(),
        member_id=member.id,
        digest=api_keys.digest(token, pepper),
        reusable=reusable,
        created_at=at,
        expires_at=at + timedelta(seconds=expires_in),
    )
    tx.session.add(link)
    await tx.session.flush()
    await queries.record(
        tx, member.org_id, actor, "sign_in_link.create", "member", member.id,
        {"link_id": str(link.id), "reusable": reusable, "expires_in_s": expires_in},
    )  # fmt: skip
    return link, token.text


async def open_session(tx: Transaction, org_id: UUID, member_id: UUID, pepper: str, *, days: int, how: str) -> str:
    """Sign a member in; returns the session's token for the cookie."""
    token = api_keys.mint("session", org_id)
    at = now()
    session = Session(
        org_id=org_id,
        id=new_id(),
        member_id=member_id,
        digest=api_keys.digest(token, pepper),
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    tx.session.add(session)
    await tx.session.flush()
    await queries.record(tx, org_id, Actor("member", member_id), "session.start", "session", session.id, {"how": how})
    return token.text
