"""An identity is believed only when the gateway signed it, for this service, just now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from shared.contracts.identity import ISSUER, Identity, IdentityRefused, sign_identity, verify_identity
from shared.foundation import clock
from shared.foundation.ids import new_id

SECRET = "s" * 32
WHO = Identity(new_id(), "secret_key", new_id(), "a key", frozenset({"feedback:read", "feedback:write"}))


def test_round_trip_for_every_kind() -> None:
    for kind in ("secret_key", "publishable_key", "member", "system"):
        who = replace(WHO, kind=kind)
        assert verify_identity(sign_identity(who, SECRET, audience="ingest"), SECRET, audience="ingest") == who
    nobody = replace(WHO, actor_id=None, scopes=frozenset())
    assert verify_identity(sign_identity(nobody, SECRET, audience="ingest"), SECRET, audience="ingest") == nobody


def forged(**changes: object) -> str:
    at = int(clock.now().timestamp())
    claims = {"iss": ISSUER, "aud": "ingest", "iat": at, "exp": at + 60, "org": str(WHO.org_id), "kind": "secret_key"}
    return jwt.encode({**claims, **changes}, SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x.y.z",
        sign_identity(WHO, "t" * 32, audience="ingest"),
        sign_identity(WHO, SECRET, audience="loop"),
        jwt.encode({"org": str(WHO.org_id)}, "", algorithm="none"),
        jwt.encode({"org": str(WHO.org_id)}, SECRET * 2, algorithm="HS512"),
        forged(iss="somebody"),
        forged(org="not-a-uuid"),
        forged(exp=0),
    ],
    # names of their own: a token is another one in every test worker, and the workers must agree on the tests
    ids=["empty", "garbled", "secret", "audience", "unsigned", "algorithm", "issuer", "organisation", "expired"],
)
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(IdentityRefused):
        verify_identity(token, SECRET, audience="ingest")


def test_it_expires() -> None:
    token = sign_identity(WHO, SECRET, audience="ingest", ttl=60)
    with clock.shifted(timedelta(seconds=62)):
        verify_identity(token, SECRET, audience="ingest")
    with clock.shifted(timedelta(seconds=67)), pytest.raises(IdentityRefused):
        verify_identity(token, SECRET, audience="ingest")
