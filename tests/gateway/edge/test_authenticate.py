"""Authentication's cache: one question for many askers, fresh within seconds, bounded, honest about an outage."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from gateway.accounts import api_keys, queries
from gateway.accounts.queries import KnownKey
from gateway.edge import authenticate
from gateway.edge.authenticate import Authenticator
from shared.contracts.identity import verify_identity
from shared.contracts.problems import Code, Problem
from shared.foundation.ids import new_id

SECRET = "s" * 40
ORG = UUID(int=7)


class Database:
    """Hands out nothing; `find_key` is replaced by the test."""

    @asynccontextmanager
    async def batch(self, org_ids: list[UUID]) -> Any:
        yield org_ids


class Keys:
    """Stands in for the table of keys."""

    def __init__(self) -> None:
        self.known: dict[bytes, KnownKey] = {}
        self.asked = 0
        self.away = False

    def add(self, *scopes: str) -> bytes:
        token = api_keys.mint("secret", ORG)
        self.known[api_keys.digest(token, "pepper")] = KnownKey(
            new_id(), "secret", "k", frozenset(scopes), frozenset(), None, None
        )
        return token.text.encode()

    async def find(self, _tx: Any, org_id: UUID, digest: bytes) -> KnownKey | None:
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.away:
            raise Problem(Code.DATABASE_UNAVAILABLE, "away")
        assert org_id == ORG
        return self.known.get(digest)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    keys = Keys()
    monkeypatch.setattr(queries, "find_key", keys.find)
    return keys


@pytest.fixture
def authenticator() -> Authenticator:
    found = Authenticator("pepper", SECRET)
    found.use(Database())  # type: ignore[arg-type]  # stands in for a database
    return found


async def test_a_hundred_askers_cost_one_question(keys: Keys, authenticator: Authenticator) -> None:
    key = keys.add("feedback:write")
    callers = await asyncio.gather(*(authenticator.key(key) for _ in range(100)))
    assert len({id(caller) for caller in callers}) == 1
    assert keys.asked == 1


async def test_unknown_keys_are_remembered_too_and_malformed_ones_never_asked_for(
    keys: Keys, authenticator: Authenticator
) -> None:
    unknown = api_keys.mint("secret", ORG).text.encode()
    for _ in range(5):
        with pytest.raises(Problem) as refused:
            await authenticator.key(unknown)
        assert refused.value.code is Code.KEY_INVALID
    assert keys.asked == 1
    for _ in range(3):
        with pytest.raises(Problem):
            await authenticator.key(b"cxl_sk_mistyped")
    assert keys.asked == 1


async def test_what_was_seen_is_asked_again_after_its_time(
    keys: Keys, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticate, "TTL_S", 0.02)
    key = keys.add("feedback:write")
    await authenticator.key(key)
    keys.known.clear()
    await asyncio.sleep(0.05)
    with pytest.raises(Problem):
        await authenticator.key(key)


async def test_nothing_is_believed_while_the_database_is_away(
    keys: Keys, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticate, "TTL_S", 0.0)
    key = keys.add("feedback:write")
    await authenticator.key(key)
    keys.away = True
    with pytest.raises(Problem) as refused:
        await authenticator.key(key)
    assert refused.value.code is Code.DATABASE_UNAVAILABLE
    keys.away = False
    assert await authenticator.key(key), "a failure is not remembered"


async def test_an_asker_who_leaves_does_not_take_the_answer_along(keys: Keys, authenticator: Authenticator) -> None:
    key = keys.add("feedback:write")
    leaves = asyncio.create_task(authenticator.key(key))
    stays = asyncio.create_task(authenticator.key(key))
    await asyncio.sleep(0)
    leaves.cancel()
    assert (await stays).identity.org_id == ORG
    assert keys.asked == 1


async def test_cache_is_bounded(keys: Keys, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authenticate, "CACHE_SIZE", 10)
    for _ in range(35):
        with pytest.raises(Problem):
            await authenticator.key(api_keys.mint("secret", ORG).text.encode())
    assert len(authenticator._seen) <= 10


async def test_signed_identity_is_per_service_and_used_again(keys: Keys, authenticator: Authenticator) -> None:
    caller = await authenticator.key(keys.add("feedback:write"))
    ingest, loop = authenticator.token(caller, "ingest"), authenticator.token(caller, "loop")
    assert authenticator.token(caller, "ingest") is ingest
    assert verify_identity(ingest.decode(), SECRET, audience="ingest") == caller.identity
    with pytest.raises(Exception, match="InvalidAudience"):
        verify_identity(loop.decode(), SECRET, audience="ingest")
