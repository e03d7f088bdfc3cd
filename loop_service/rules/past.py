"""What would a condition have matched? Reads the past from the analysis service, page by page (aiohttp).

The one module of this service that calls another service. It signs a system identity of the organisation
for the audience "analysis", and it stops at a cap or a deadline: the answer always says how much was seen.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
import orjson

from loop_service.rules.conditions import Condition, Verdict, evaluate
from loop_service.rules.facts import facts_of
from shared.contracts.identity import IDENTITY_HEADER, Identity, sign_identity
from shared.contracts.problems import Code, Problem

PAGE = 100
CAP = 10_000
DEADLINE_S = 15.0
EXAMPLES = 20

Fetch = Callable[[dict[str, str]], Awaitable[dict[str, Any]]]
"""One page of `GET /v1/feedback` for these parameters."""


@dataclass(slots=True)
class Past:
    """What was looked at and what matched. `complete`: everything there is (since the time asked) was seen."""

    matched: int = 0
    looked_at: int = 0
    stopped_because: str = "end"
    newest: datetime | None = None
    oldest: datetime | None = None
    examples: list[tuple[dict[str, Any], Verdict]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return self.stopped_because == "end"


async def look_back(
    fetch: Fetch, condition: Condition, *, since: datetime | None, cap: int = CAP, deadline_s: float = DEADLINE_S
) -> Past:
    """Evaluate `condition` over the newest records, newest first, until the end, the cap or the deadline."""
    past, cursor, end = Past(), None, monotonic() + deadline_s
    while True:
        asked = {"limit": str(PAGE)}
        if since is not None:
            asked["from"] = since.isoformat()
        if cursor is not None:
            asked["cursor"] = cursor
        page = await fetch(asked)
        for record in page["data"]:
            _look_at(past, record, condition)
        cursor = page.get("next_cursor")
        if cursor is None:
            return past
        if past.looked_at >= cap or monotonic() >= end:
            past.stopped_because = "cap" if past.looked_at >= cap else "deadline"
            return past


def _look_at(past: Past, record: dict[str, Any], condition: Condition) -> None:
    past.looked_at += 1
    occurred_at = datetime.fromisoformat(record["occurred_at"])
    past.newest = max(past.newest or occurred_at, occurred_at)
    past.oldest = min(past.oldest or occurred_at, occurred_at)
    verdict = evaluate(condition, facts_of(record))
    if verdict.matched:
        past.matched += 1
        if len(past.examples) < EXAMPLES:
            past.examples.append((record, verdict))


class AnalysisClient:
    """Pages of feedback of any organisation, over TCP or a unix socket (`tcp://host:port`, `unix:///path`)."""

    def __init__(self, session: aiohttp.ClientSession, base: str, secret: str) -> None:
        self._session = session
        self._base = base
        self._secret = secret

    def of(self, org_id: UUID) -> Fetch:
        """A fetcher that speaks for the organisation, allowed to read feedback and nothing else."""
        system = Identity(org_id, "system", None, "loop", frozenset({"feedback:read"}))

        async def fetch(params: dict[str, str]) -> dict[str, Any]:
            headers = {IDENTITY_HEADER: sign_identity(system, self._secret, audience="analysis")}
            try:
                async with self._session.get(
                    f"{self._base}/v1/feedback", params=params, headers=headers, allow_redirects=False
                ) as answer:
                    if answer.status != 200:
                        raise Problem(Code.UPSTREAM_UNAVAILABLE, "Feedback cannot be read now. Try again.")
                    page: dict[str, Any] = orjson.loads(await answer.read())
                    return page
            except TimeoutError:
                raise Problem(Code.UPSTREAM_TIMEOUT, "Reading feedback took too long. Try again.") from None
            except (aiohttp.ClientError, OSError):
                raise Problem(Code.UPSTREAM_UNAVAILABLE, "Feedback cannot be read now. Try again.") from None

        return fetch


@asynccontextmanager
async def analysis_client(address: str, secret: str) -> AsyncIterator[AnalysisClient]:
    """Connect to the analysis service for as long as the block lasts."""
    parts = urlsplit(address)
    unix = parts.scheme == "unix"
    connector = aiohttp.UnixConnector(parts.path) if unix else aiohttp.TCPConnector(limit=8)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
        yield AnalysisClient(session, "http://analysis" if unix else f"http://{parts.netloc}", secret)
