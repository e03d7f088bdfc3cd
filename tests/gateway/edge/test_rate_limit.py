"""Rate limits: never more than the quota in all processes together, one question per chunk, no failing open."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import ConnectionError as ValkeyAway

from gateway.edge.rate_limit import CHUNKS, WINDOW_S, Policy, RateLimiter, ValkeyCounters
from shared.foundation import clock
from shared.foundation.ids import new_id
from tests.gateway.conftest import running_gateway
from tests.support.servers import Servers

AT = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)


class Counters:
    """Valkey's counting, in memory, with switches for its absence and slowness."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.asked = 0
        self.away = False
        self.slow = 0.0

    async def add(self, key: str, amount: int) -> int:
        self.asked += 1
        await asyncio.sleep(self.slow)
        if self.away:
            raise ValkeyAway("away")
        self.values[key] = self.values.get(key, 0) + amount
        return self.values[key]


async def spend(limiter: RateLimiter, policy: Policy, times: int, subject: str = "s") -> int:
    """How many of `times` requests were allowed."""
    verdicts = await asyncio.gather(*(limiter.count(policy, subject) for _ in range(times)))
    return sum(verdict.allowed for verdict in verdicts)


@pytest.mark.parametrize("quota", [1, 3, 20, 100, 250, 1000])
@pytest.mark.parametrize("processes", [1, 3])
async def test_all_processes_together_grant_the_quota_and_no_more(quota: int, processes: int) -> None:
    counters = Counters()
    policy = Policy("p", quota)
    with clock.frozen(AT):
        limiters = [RateLimiter(counters) for _ in range(processes)]
        granted = 0
        for _ in range(4):
            granted += sum(await asyncio.gather(*(spend(limiter, policy, quota) for limiter in limiters)))
        assert granted == quota


async def test_most_requests_ask_nobody() -> None:
    counters = Counters()
    with clock.frozen(AT):
        limiter = RateLimiter(counters)
        for _ in range(5000):
            assert (await limiter.count(Policy("p", 600_000), "s")).allowed
    assert counters.asked <= 2


async def test_a_refused_subject_asks_nobody_until_the_window_ends() -> None:
    counters = Counters()
    policy = Policy("p", 2)
    limiter = RateLimiter(counters)
    with clock.frozen(AT):
        assert await spend(limiter, policy, 10) == 2
        asked = counters.asked
        verdict = await limiter.count(policy, "s")
        assert (verdict.allowed, verdict.remaining, verdict.reset_s) == (False, 0, 45)
        assert verdict.headers() == [(b"ratelimit-policy", b'"p";q=2;w=60'), (b"ratelimit", b'"p";r=0;t=45')]
        assert counters.asked == asked
    with clock.frozen(AT + timedelta(seconds=45)):
        assert await spend(limiter, policy, 10) == 2


async def test_subjects_and_policies_do_not_share() -> None:
    limiter = RateLimiter(Counters())
    with clock.frozen(AT):
        assert await spend(limiter, Policy("p", 1), 3, "a") == 1
        assert await spend(limiter, Policy("p", 1), 3, "b") == 1
        assert await spend(limiter, Policy("q", 1), 3, "a") == 1


async def test_remaining_counts_down() -> None:
    limiter = RateLimiter(Counters())
    with clock.frozen(AT):
        left = [(await limiter.count(Policy("p", 10), "s")).remaining for _ in range(10)]
    assert left == list(range(9, -1, -1))


async def test_while_valkey_is_away_each_process_keeps_the_quota_by_itself() -> None:
    counters = Counters()
    counters.away = True
    policy = Policy("p", 50)
    limiter = RateLimiter(counters)
    with clock.frozen(AT):
        assert await spend(limiter, policy, 200) == 50
        assert counters.asked == 1, "Valkey is not asked again at once"


async def test_a_valkey_that_hangs_costs_a_moment_once() -> None:
    counters = Counters()
    counters.slow = 30
    limiter = RateLimiter(counters)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with clock.frozen(AT):
        assert await spend(limiter, Policy("p", 50), 10) == 10
    assert loop.time() - started < 2


async def test_memory_is_bounded_by_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.edge.rate_limit.MAX_SUBJECTS", 10)
    counters = Counters()
    limiter = RateLimiter(counters)
    with clock.frozen(AT):
        for number in range(100):
            await limiter.count(Policy("p", 1), str(number))
        assert len(limiter._leases) == 10
        assert not (await limiter.count(Policy("p", 1), "0")).allowed, "forgotten here, but not by Valkey"


async def test_counters_in_valkey_are_shared_and_pass_away(servers: Servers) -> None:
    one, two = ValkeyCounters(servers.redis_url), ValkeyCounters(servers.redis_url)
    key = f"cxloop:rate:test:{new_id()}"
    assert await one.add(key, 5) == 5
    assert await two.add(key, 5) == 10
    assert 0 < await one._redis.ttl(key) <= 2 * WINDOW_S
    await one.close()
    await two.close()


async def test_limit_through_the_door(servers: Servers) -> None:
    async with running_gateway(servers, rate_secret_key_per_minute=5) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        answers = [await api.get("/v1/feedback") for _ in range(12)]
        refused = [answer for answer in answers if answer.status == 429]
        assert len(refused) >= 2, "a turn of the minute may grant five more"
        assert refused[-1].code == "rate_limited"
        assert 1 <= int(refused[-1].headers["retry-after"]) <= WINDOW_S
        assert refused[-1].headers["ratelimit"].startswith('"default";r=0;t=')
        assert len(gateway.services["analysis"].calls) == 12 - len(refused)


async def test_publishable_keys_are_limited_by_client_address(servers: Servers) -> None:
    async with running_gateway(servers, rate_publishable_client_per_minute=3, trusted_proxies="127.0.0.0/8") as gateway:
        key = await gateway.key(await gateway.organization(), kind="publishable")
        for client in ("203.0.113.1", "203.0.113.2"):
            api = gateway.with_key(key, x_forwarded_for=client)
            statuses = [(await api.post("/v1/responses", {})).status for _ in range(8)]
            assert statuses[:3] == [200, 200, 200]
            assert 429 in statuses


async def test_without_valkey_the_door_stays_open_and_limited(servers: Servers) -> None:
    async with running_gateway(
        servers, redis_url="unix:///nowhere/valkey.sock", rate_secret_key_per_minute=CHUNKS
    ) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        assert (await api.get("/v1/feedback")).status == 200
        ready = await gateway.api().get("/readyz")
        assert (ready.status, ready.json()["status"]) == (200, "degraded")
        statuses = [answer.status for answer in await asyncio.gather(*(api.get("/v1/feedback") for _ in range(250)))]
        assert set(statuses) == {200, 429}
