"""Who is calling: the identity that the gateway signs and every service verifies.

A JWT (HS256, RFC 8725: fixed algorithm, audience, expiry) made per service, so that a token for one service is
refused by another. Both sides may cache by token text within its lifetime.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

import jwt

from shared.foundation.clock import now

IDENTITY_HEADER = "x-cxloop-identity"
ISSUER = "cxloop-gateway"
Kind = Literal["secret_key", "publishable_key", "member", "system"]


class IdentityRefused(Exception):
    """The identity is missing, forged, expired or meant for another service."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One caller within one organisation."""

    org_id: UUID
    kind: Kind
    actor_id: UUID | None
    actor_name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether this caller holds `scope` (`resource:action`)."""
        return scope in self.scopes


def sign_identity(identity: Identity, secret: str, *, audience: str, ttl: int = 60) -> str:
    """Sign `identity` for the service `audience`, valid for `ttl` seconds."""
    issued = int(now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "iat": issued,
        "exp": issued + ttl,
        "org": str(identity.org_id),
        "kind": identity.kind,
        "sub": str(identity.actor_id) if identity.actor_id else "",
        "name": identity.actor_name,
        "scope": " ".join(sorted(identity.scopes)),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def verify_identity(token: str, secret: str, *, audience: str) -> Identity:
    """Check and read a signed identity. Raises IdentityRefused; the text never holds the token."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=audience,
            issuer=ISSUER,
            leeway=5,
            options={
                "require": ["exp", "iat", "aud", "iss", "org", "kind"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        if int(claims["exp"]) + 5 < now().timestamp():
            raise IdentityRefused("expired")
        return Identity(
            org_id=UUID(claims["org"]),
            kind=cast(Kind, claims["kind"]),
            actor_id=UUID(claims["sub"]) if claims.get("sub") else None,
            actor_name=str(claims.get("name", "")),
            scopes=frozenset(str(claims.get("scope", "")).split()),
        )
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as refused:
        raise IdentityRefused(type(refused).__name__) from None
