"""Who is calling: an API key or a session cookie, looked up at most every two seconds, never believed longer.

The cache is what makes the hot path cheap: a key that was seen less than TTL_S ago costs one dictionary look-up.
Revocation reaches every gateway process within TTL_S plus one request. Unknown keys are remembered as long, so that a
flood of one wrong key is one query every two seconds. While PostgreSQL is away nothing is believed: 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from gateway.accounts import api_keys, queries
from gateway.accounts.roles import PUBLISHABLE_SCOPES, ROLE_SCOPES
from gateway.forwarding.table import Credential
from shared.contracts.identity import Identity, sign_identity
from shared.contracts.problems import Code, Problem
from shared.database import Database
from shared.foundation.clock import now
from shared.telemetry.logs import log

TTL_S = 2.0
CACHE_SIZE = 20_000
TOKEN_TTL_S = 60
TOKEN_REUSED_S = 20.0
"""A signed identity is used again for so long; a service accepts it for TOKEN_TTL_S."""
MARK_EVERY_S = 5.0


@dataclass(slots=True)
class Caller:
    """A credential that was checked."""

    identity: Identity
    credential: Credential | None
    """None: nobody (a public path)."""
    key_id: UUID
    """The key's or the member's id: what limits are counted by."""
    allowed_origins: frozenset[str] = frozenset()
    tokens: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    """Signed identity per service, with the time it was signed."""
    presented: bytes = b""
    """What it was found by, to check it again while a long answer goes on."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a credential is not accepted; kept in the cache, so a fresh exception is made of it each time."""

    code: Code
    detail: str


Found = Caller | Refusal

_BAD_KEY = Refusal(Code.KEY_INVALID, "The key is not one of ours, or is mistyped. Keys begin with cxl_sk_ or cxl_pk_.")
_REVOKED = Refusal(Code.KEY_REVOKED, "This key was revoked. Use another one.")
_EXPIRED = Refusal(Code.KEY_EXPIRED, "This key has expired. Create or rotate one.")
_BAD_SESSION = Refusal(Code.SESSION_INVALID, "The session has ended. Sign in again.")


class Authenticator:
    """Turns credentials into callers."""

    def __init__(self, pepper: str, identity_secret: str) -> None:
        self._pepper = pepper
        self._secret = identity_secret
        self._database: Database | None = None
        self._seen: dict[bytes, tuple[float, Found]] = {}
        self._asked: dict[bytes, asyncio.Task[Found]] = {}
        self._used: dict[UUID, set[UUID]] = {}
        nobody = UUID(int=0)
        self.nobody = Caller(Identity(nobody, "system", None, "nobody", frozenset()), None, nobody)
        """The caller of public paths: no organisation, no scope."""

    def use(self, database: Database) -> None:
        """Set where credentials are looked up."""
        self._database = database

    async def key(self, presented: bytes) -> Caller:
        """The caller behind an API key. Raises Problem (401, or 503 while the database is away)."""
        seen = self._seen.get(presented)
        if seen is not None and seen[0] > monotonic():
            return _caller(seen[1])
        return _caller(await self._once(presented, self._look_up_key))

    async def session(self, presented: bytes) -> Caller:
        """The caller behind a session token. Raises Problem (401, or 503)."""
        seen = self._seen.get(presented)
        if seen is not None and seen[0] > monotonic():
            return _caller(seen[1])
        return _caller(await self._once(presented, self._look_up_session))

    async def again(self, caller: Caller) -> Caller:
        """Check a caller's credential once more. Raises Problem as `key` and `session` do."""
        return await (self.session if caller.credential == "session" else self.key)(caller.presented)

    def token(self, caller: Caller, service: str) -> bytes:
        """The signed identity of `caller` for `service`."""
        at = now().timestamp()  # the clock that the token's own times are read by, so that a step of it is noticed
        known = caller.tokens.get(service)
        if known is not None and known[0] <= at < known[0] + TOKEN_REUSED_S:
            return known[1]
        signed = sign_identity(caller.identity, self._secret, audience=service, ttl=TOKEN_TTL_S).encode("ascii")
        caller.tokens[service] = (at, signed)
        return signed

    async def mark_used(self) -> None:
        """Write when keys were last used; call it every MARK_EVERY_S."""
        used, self._used = self._used, {}
        if self._database is None:
            return
        for org_id, key_ids in used.items():
            async with self._database.batch([org_id]) as tx:
                await queries.mark_used(tx, org_id, key_ids, now())

    async def _once(self, presented: bytes, look_up: Callable[[bytes], Awaitable[Found]]) -> Found:
        """Ask the database, once for all requests that wait for the same answer."""
        asking = self._asked.get(presented)
        if asking is None:
            asking = asyncio.create_task(self._remember(presented, look_up))
            self._asked[presented] = asking
            asking.add_done_callback(lambda done: self._answered(presented, done))
        # Shielded: a client that leaves must not take the answer from the others.
        return await asyncio.shield(asking)

    def _answered(self, presented: bytes, done: asyncio.Task[Found]) -> None:
        self._asked.pop(presented, None)
        if not done.cancelled():
            done.exception()  # seen, even when everybody who asked has left

    async def _remember(self, presented: bytes, look_up: Callable[[bytes], Awaitable[Found]]) -> Found:
        before = self._seen.get(presented)
        found = await look_up(presented)
        known = before[1] if before is not None else None
        if isinstance(found, Caller) and isinstance(known, Caller) and known.identity == found.identity:
            found.tokens = known.tokens  # the same caller as before: what was signed for him still holds
        if isinstance(found, Caller):
            found.presented = presented
        if len(self._seen) >= CACHE_SIZE:
            self._forget_some()
        self._seen[presented] = (monotonic() + TTL_S, found)
        return found

    def _forget_some(self) -> None:
        at = monotonic()
        self._seen = {key: seen for key, seen in self._seen.items() if seen[0] > at}
        if len(self._seen) >= CACHE_SIZE:
            self._seen.clear()

    async def _look_up_key(self, presented: bytes) -> Found:
        token = _read(presented, "secret", "publishable")
        if token is None or self._database is None:
            return _BAD_KEY
        async with self._database.batch([token.org_id]) as tx:
            key = await queries.find_key(tx, token.org_id, api_keys.digest(token, self._pepper))
        if key is None:
            return _BAD_KEY
        if key.revoked_at is not None:
            return _REVOKED
        if key.expires_at is not None and key.expires_at <= now():
            return _EXPIRED
        self._used.setdefault(token.org_id, set()).add(key.id)
        if key.kind == "publishable":
            identity = Identity(token.org_id, "publishable_key", key.id, key.name, PUBLISHABLE_SCOPES)
            return Caller(identity, "publishable_key", key.id, key.allowed_origins)
        return Caller(Identity(token.org_id, "secret_key", key.id, key.name, key.scopes), "secret_key", key.id)

    async def _look_up_session(self, presented: bytes) -> Found:
        token = _read(presented, "session")
        if token is None or self._database is None:
            return _BAD_SESSION
        async with self._database.batch([token.org_id]) as tx:
            session = await queries.find_session(tx, token.org_id, api_keys.digest(token, self._pepper), now())
        if session is None:
            return _BAD_SESSION
        scopes = _scopes(session.role)
        identity = Identity(token.org_id, "member", session.member_id, session.member_name, scopes)
        return Caller(identity, "session", session.member_id)

    async def run_marks(self) -> None:
        """Keep `last_used_at` fresh until cancelled; a failure only makes it older."""
        while True:
            await asyncio.sleep(MARK_EVERY_S)
            try:
                await self.mark_used()
            except Exception as error:
                log.warning("gateway.last_used_not_written", error=type(error).__name__)


def _caller(found: Found) -> Caller:
    if isinstance(found, Refusal):
        raise Problem(found.code, found.detail)
    return found


def _read(presented: bytes, *kinds: api_keys.TokenKind) -> api_keys.Token | None:
    try:
        token = api_keys.read(presented.decode("latin-1"))
    except api_keys.TokenMalformed:
        return None
    return token if token.kind in kinds else None


def _scopes(role: str) -> frozenset[str]:
    for known, scopes in ROLE_SCOPES.items():
        if known == role:
            return scopes
    return frozenset()
