"""How often: requests per minute and subject, counted in Valkey by chunks, so that most requests ask nobody.

A process leases a chunk of a window's quota (one INCRBY) and spends it locally; the next chunk is fetched in the
background before the last one is spent. All processes together never grant more than the quota; an unused rest of a
chunk (1 % of the quota) may be wasted. Windows are whole minutes of the clock, so `t` and Retry-After are exact.

While Valkey is away each process counts for itself: limits stay within a factor of the number of processes, nobody
is refused for our trouble and nobody is unlimited.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.foundation.clock import now
from shared.telemetry.logs import log

WINDOW_S = 60
CHUNKS = 100
"""A window's quota is leased in so many parts."""
LEASE_TIMEOUT_S = 0.25
RETRY_VALKEY_S = 1.0
MAX_SUBJECTS = 50_000


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests per minute."""

    name: str
    quota: int

    @property
    def chunk(self) -> int:
        """Requests leased at a time."""
        return max(1, self.quota // CHUNKS)


class Counters(Protocol):
    """Where windows are counted by all processes together."""

    async def add(self, key: str, amount: int) -> int:
        """Add `amount` to the counter `key` (which ends with its window) and return its new value."""


class ValkeyCounters:
    """Counters in Valkey; each lives two windows."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Redis = Redis.from_url(
            redis_url, socket_timeout=LEASE_TIMEOUT_S, socket_connect_timeout=LEASE_TIMEOUT_S
        )

    async def add(self, key: str, amount: int) -> int:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.incrby(key, amount)
            pipe.expire(key, 2 * WINDOW_S)
            counted, _ = await pipe.execute()
        return int(counted)

    async def ping(self) -> None:
        """Raises when Valkey does not answer."""
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(slots=True)
class _Lease:
    """What one process may still spend for one subject in one window."""

    window: int
    granted: int = 0
    """Requests this process may grant in the window, in all."""
    spent: int = 0
    others: int = 0
    """Requests leased by everybody when last asked."""
    exhausted: bool = False
    fetching: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request hears of its limit."""

    policy: Policy
    allowed: bool
    remaining: int
    reset_s: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers)."""
        name = self.policy.name
        return [
            (b"ratelimit-policy", f'"{name}";q={self.policy.quota};w={WINDOW_S}'.encode()),
            (b"ratelimit", f'"{name}";r={self.remaining};t={self.reset_s}'.encode()),
        ]


class RateLimiter:
    """Counts and refuses."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._window = 0
        self._away_until = 0.0
        self._fetches: set[asyncio.Task[None]] = set()

    async def count(self, policy: Policy, subject: str) -> Verdict:
        """Count one request of `subject` against `policy`."""
        at = now().timestamp()
        window, reset_s = int(at // WINDOW_S), WINDOW_S - int(at % WINDOW_S)
        if window != self._window:
            self._turn(window)
        key = (policy.name, subject)
        lease = self._leases.get(key)
        if lease is None or lease.window != window:
            lease = self._new(key, window)
        while lease.spent >= lease.granted and not lease.exhausted:
            await asyncio.shield(self._fetch(policy, subject, lease))
        if lease.spent >= lease.granted:
            return Verdict(policy, False, 0, reset_s)
        lease.spent += 1
        left = lease.granted - lease.spent
        if left < policy.chunk // 4 and not lease.exhausted:
            self._fetch(policy, subject, lease)
        return Verdict(policy, True, left + max(0, policy.quota - lease.others), reset_s)

    async def close(self) -> None:
        """Let fetches under way end."""
        for fetch in list(self._fetches):
            fetch.cancel()
        await asyncio.gather(*self._fetches, return_exceptions=True)

    def _turn(self, window: int) -> None:
        self._window = window
        self._leases.clear()

    def _new(self, key: tuple[str, str], window: int) -> _Lease:
        if len(self._leases) >= MAX_SUBJECTS:
            # Someone cycles through addresses. The oldest subject starts a fresh lease when it returns: Valkey
            # still knows what it had, so it is not forgiven.
            self._leases.pop(next(iter(self._leases)))
        lease = self._leases[key] = _Lease(window)
        return lease

    def _fetch(self, policy: Policy, subject: str, lease: _Lease) -> asyncio.Task[None]:
        if lease.fetching is None or lease.fetching.done():
            lease.fetching = asyncio.create_task(self._lease_more(policy, subject, lease))
            self._fetches.add(lease.fetching)
            lease.fetching.add_done_callback(self._fetches.discard)
        return lease.fetching

    async def _lease_more(self, policy: Policy, subject: str, lease: _Lease) -> None:
        chunk = policy.chunk
        if monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(LEASE_TIMEOUT_S * 2):
                    counted = await self._counters.add(f"cxloop:rate:{policy.name}:{subject}:{lease.window}", chunk)
            except (RedisError, OSError, TimeoutError) as away:
                self._away_until = monotonic() + RETRY_VALKEY_S
                log.warning("gateway.rate_limits_local", error=type(away).__name__)
            else:
                before = counted - chunk
                lease.others = min(policy.quota, counted)
                lease.granted += max(0, min(chunk, policy.quota - before))
                lease.exhausted = counted >= policy.quota
                return
        # On our own: never more than the whole quota in this process and window.
        more = max(0, min(chunk, policy.quota - lease.granted))
        lease.granted += more
        lease.others = max(lease.others, lease.granted)
        lease.exhausted = lease.granted >= policy.quota
