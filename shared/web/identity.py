"""Who is calling, inside a service: verified from the gateway's signature, never believed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.params import Depends as DependsMarker

from shared.contracts.identity import Identity, IdentityRefused, verify_identity
from shared.contracts.problems import Code, Problem
from shared.database.engine import Database
from shared.foundation.clock import now

CACHE_SIZE = 4096
CACHE_S = 5.0


class Verifier:
    """Verifies identity tokens for one service; a token seen before costs a look-up for a few seconds."""

    def __init__(self, secret: str, audience: str) -> None:
        self._secret = secret
        self._audience = audience
        self._seen: dict[bytes, tuple[float, Identity]] = {}

    def verify(self, token: bytes | None) -> Identity:
        """Raises Problem(IDENTITY_INVALID)."""
        if not token:
            raise Problem(Code.IDENTITY_INVALID, "Call this service through the gateway.")
        at = now().timestamp()
        known = self._seen.get(token)
        if known is not None and known[0] > at:
            return known[1]
        try:
            identity = verify_identity(token.decode("latin-1"), self._secret, audience=self._audience)
        except IdentityRefused:
            raise Problem(Code.IDENTITY_INVALID, "Call this service through the gateway.") from None
        if len(self._seen) >= CACHE_SIZE:
            self._seen.clear()
        self._seen[token] = (at + CACHE_S, identity)
        return identity


def _caller(request: Request) -> Identity:
    identity: Identity = request.scope["cxloop.identity"]
    return identity


def _database(request: Request) -> Database:
    found: Database = request.scope["cxloop.app"].database
    return found


Caller = Annotated[Identity, Depends(_caller)]
"""The verified identity of the request, as a route's parameter."""

Db = Annotated[Database, Depends(_database)]
"""The service's database, as a route's parameter."""


def needs(scope: str) -> DependsMarker:
    """A route dependency: refuses callers without `scope`, although the gateway checked already."""

    async def check(caller: Caller) -> None:
        if not caller.may(scope):
            raise Problem(Code.SCOPE_MISSING, f"This needs the scope {scope}.")

    checked: Callable[..., Coroutine[Any, Any, None]] = check
    marker: DependsMarker = Depends(checked)
    return marker
