"""Queries over the accounts: a transaction and the organisation first, always.

The two look-ups of the hot path (`find_key`, `find_session`) take a Batch and plain SQL: they run every two seconds
for each key in use. Everything else is rare and uses the session.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select

from gateway.accounts.audit_chain import GENESIS, Entry, link
from gateway.accounts.tables import ApiKey, AuditLine, Member, Organization, Session, SignInLink
from shared.contracts.identity import Identity
from shared.database import Batch, Transaction
from shared.foundation.clock import now
from shared.foundation.ids import new_id

ActorKind = Literal["secret_key", "publishable_key", "member", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, for the audit trail."""

    kind: str
    id: UUID | None

    @classmethod
    def of(cls, identity: Identity) -> Actor:
        """The actor behind a request."""
        return cls(identity.kind, identity.actor_id)


OPERATOR = Actor("system", None)
"""The person at the command line."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What the door needs of a key."""

    id: UUID
    kind: Literal["secret", "publishable"]
    name: str
    scopes: frozenset[str]
    allowed_origins: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownSession:
    """What the door needs of a session."""

    id: UUID
    member_id: UUID
    member_name: str
    role: str
    expires_at: datetime


# --- the hot path ------------------------------------------------------------------------------------------------


async def find_key(tx: Batch, org_id: UUID, digest: bytes) -> KnownKey | None:
    """The key with this digest, whatever its state."""
    row = await tx.conn.fetchrow(
        "SELECT id, kind, name, scopes, allowed_origins, expires_at, revoked_at FROM gateway.api_keys "
        "WHERE org_id = $1 AND digest = $2",
        org_id,
        digest,
    )
    if row is None:
        return None
    return KnownKey(
        row["id"],
        row["kind"],
        row["name"],
        frozenset(row["scopes"]),
        frozenset(row["allowed_origins"]),
        row["expires_at"],
        row["revoked_at"],
    )


async def find_session(tx: Batch, org_id: UUID, digest: bytes, at: datetime) -> KnownSession | None:
    """The session with this digest, if it goes on at `at` and its member is active."""
    row = await tx.conn.fetchrow(
        "SELECT s.id, s.member_id, m.name, m.role, s.expires_at FROM gateway.sessions s "
        "JOIN gateway.members m ON m.org_id = s.org_id AND m.id = s.member_id "
        "WHERE s.org_id = $1 AND s.digest = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND m.active",
        org_id,
        digest,
        at,
    )
    return KnownSession(*row) if row is not None else None


async def mark_used(tx: Batch, org_id: UUID, key_ids: Collection[UUID], at: datetime) -> None:
    """Note that keys were used; the time is coarse (the door writes it every few seconds at most)."""
    await tx.conn.execute(
        "UPDATE gateway.api_keys SET last_used_at = $3 WHERE org_id = $1 AND id = ANY($2::uuid[])",
        org_id,
        list(key_ids),
        at,
    )


# --- organisations -----------------------------------------------------------------------------------------------


async def add_organization(tx: Transaction, org_id: UUID, name: str) -> Organization:
    """Create the organisation `org_id`."""
    at = now()
    organization = Organization(org_id=org_id, name=name, created_at=at, updated_at=at)
    tx.session.add(organization)
    await tx.session.flush()
    return organization


async def get_organization(tx: Transaction, org_id: UUID) -> Organization | None:
    """The organisation itself."""
    return await tx.session.get(Organization, org_id)


async def rename_organization(tx: Transaction, org_id: UUID, name: str) -> Organization | None:
    """Give the organisation another name."""
    organization = await tx.session.get(Organization, org_id, with_for_update=True)
    if organization is not None:
        organization.name = name
        organization.updated_at = now()
        await tx.session.flush()
    return organization


# --- members -----------------------------------------------------------------------------------------------------


async def get_member(tx: Transaction, org_id: UUID, member_id: UUID, *, lock: bool = False) -> Member | None:
    """A member, active or not; `lock` holds the row until the commit."""
    return await tx.session.get(Member, (org_id, member_id), with_for_update=lock)


async def member_by_email(tx: Transaction, org_id: UUID, email: str) -> Member | None:
    """The member with this (normalised) e-mail address."""
    found = await tx.session.exec(select(Member).where(Member.org_id == org_id, Member.email == email))
    return found.first()


async def list_members(tx: Transaction, org_id: UUID, after: UUID | None, limit: int) -> Sequence[Member]:
    """Members by id, from the one after `after`."""
    query = select(Member).where(Member.org_id == org_id).order_by(col(Member.id)).limit(limit)
    if after is not None:
        query = query.where(Member.id > after)
    return (await tx.session.exec(query)).all()


async def other_active_owners(tx: Transaction, org_id: UUID, member_id: UUID) -> int:
    """How many active owners there are beside `member_id`; their rows are held until the commit."""
    query = (
        select(Member.id)
        .where(Member.org_id == org_id, Member.role == "owner", col(Member.active), Member.id != member_id)
        .with_for_update()
    )
    return len((await tx.session.exec(query)).all())


async def end_sessions(tx: Transaction, org_id: UUID, member_id: UUID) -> None:
    """Sign a member out everywhere and void his unused sign-in links."""
    at = now()
    await tx.session.exec(
        update(Session)
        .where(col(Session.org_id) == org_id, col(Session.member_id) == member_id, col(Session.ended_at).is_(None))
        .values(ended_at=at)
    )
    await tx.session.exec(
        update(SignInLink)
        .where(
            col(SignInLink.org_id) == org_id,
            col(SignInLink.member_id) == member_id,
            col(SignInLink.used_at).is_(None),
        )
        .values(used_at=at)
    )


# --- keys, sessions, links ---------------------------------------------------------------------------------------


async def get_key(tx: Transaction, org_id: UUID, key_id: UUID, *, lock: bool = False) -> ApiKey | None:
    """A key by id, whatever its state."""
    return await tx.session.get(ApiKey, (org_id, key_id), with_for_update=lock)


async def list_keys(tx: Transaction, org_id: UUID, before: UUID | None, limit: int) -> Sequence[ApiKey]:
    """Keys, newest first, from the one older than `before`."""
    query = select(ApiKey).where(ApiKey.org_id == org_id).order_by(col(ApiKey.id).desc()).limit(limit)
    if before is not None:
        query = query.where(ApiKey.id < before)
    return (await tx.session.exec(query)).all()


async def live_key_count(tx: Transaction, org_id: UUID) -> int:
    """Keys neither revoked nor expired."""
    at = now()
    query = select(func.count()).where(
        ApiKey.org_id == org_id,
        col(ApiKey.revoked_at).is_(None),
        col(ApiKey.expires_at).is_(None) | (col(ApiKey.expires_at) > at),
    )
    return int((await tx.session.exec(query)).one())


async def end_session(tx: Transaction, org_id: UUID, digest: bytes) -> UUID | None:
    """End the session with this digest; its id, or None when there was none to end."""
    done = await tx.session.exec(
        update(Session)
        .where(col(Session.org_id) == org_id, col(Session.digest) == digest, col(Session.ended_at).is_(None))
        .values(ended_at=now())
        .returning(col(Session.id))
    )
    return done.scalar_one_or_none()


async def use_link(tx: Transaction, org_id: UUID, digest: bytes, at: datetime) -> UUID | None:
    """Use a sign-in link: the member it signs in, or None when it is unknown, used up, expired or voided.

    One statement decides, so a link that works once works once, however many browsers open it together.
    """
    conn = await tx.driver()
    member_id: UUID | None = await conn.fetchval(
        "UPDATE gateway.sign_in_links AS l SET used_at = CASE WHEN l.reusable THEN l.used_at ELSE $3 END "
        "FROM gateway.members AS m "
        "WHERE l.org_id = $1 AND l.digest = $2 AND l.used_at IS NULL AND l.expires_at > $3 "
        "AND m.org_id = l.org_id AND m.id = l.member_id AND m.active RETURNING l.member_id",
        org_id,
        digest,
        at,
    )
    return member_id


# --- the audit trail ---------------------------------------------------------------------------------------------


async def record(  # noqa: PLR0917 - it reads as a sentence: who did what to which thing
    tx: Transaction,
    org_id: UUID,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: UUID | None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add a line to the audit trail in the transaction of what it tells of. `details`: ids and names of fields only."""
    conn = await tx.driver()
    # Held to the commit: the next line needs this one's hash, and lines of one organisation are rare.
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('gateway.audit:' || $1::text, 0))", str(org_id))
    last = await conn.fetchrow(
        "SELECT seq, hash FROM gateway.audit_log WHERE org_id = $1 ORDER BY seq DESC LIMIT 1", org_id
    )
    seq, previous = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    entry = Entry(org_id, seq, new_id(), now(), actor.kind, actor.id, action, subject_type, subject_id, details or {})
    await conn.execute(
        "INSERT INTO gateway.audit_log (org_id, seq, id, at, actor_kind, actor_id, action, subject_type, subject_id, "
        "details, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11)",
        org_id, entry.seq, entry.id, entry.at, entry.actor_kind, entry.actor_id, entry.action, entry.subject_type,
        entry.subject_id, json.dumps(entry.details), link(previous, entry),
    )  # fmt: skip


async def list_audit(tx: Transaction, org_id: UUID, before: int | None, limit: int) -> Sequence[AuditLine]:
    """Lines of the audit trail, newest first, from the one before number `before`."""
    query = select(AuditLine).where(AuditLine.org_id == org_id).order_by(col(AuditLine.seq).desc()).limit(limit)
    if before is not None:
        query = query.where(AuditLine.seq < before)
    return (await tx.session.exec(query)).all()


async def audit_chain(tx: Transaction, org_id: UUID) -> list[tuple[Entry, bytes]]:
    """The whole trail in order, for verification."""
    query = select(AuditLine).where(AuditLine.org_id == org_id).order_by(col(AuditLine.seq))
    lines = (await tx.session.exec(query)).all()
    return [
        (
            Entry(
                line.org_id, line.seq, line.id, line.at, line.actor_kind, line.actor_id, line.action,
                line.subject_type, line.subject_id, line.details,
            ),
            line.hash,
        )
        for line in lines
    ]  # fmt: skip
