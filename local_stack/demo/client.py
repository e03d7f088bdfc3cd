"""A client of the public API, as a customer of ours would write one: batches, retries by Retry-After, no short cuts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiohttp
import orjson

BATCH = 250
WIDGET_CONCURRENCY = 12
TRIES = 8


class DemoError(Exception):
    """The demo cannot go on; the text says why in words."""


class Client:
    """Calls the gateway with one key."""

    def __init__(self, gateway_url: str, key: str) -> None:
        self.url = gateway_url
        self._key = key
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        data: Any = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        key: str | None = None,
    ) -> Any:
        """One call; waits and tries again on 429 and 503. Raises DemoError with the problem's own words."""
        sent = {"authorization": f"Bearer {key or self._key}", **(headers or {})}
        if body is not None:
            data = orjson.dumps(body)
            sent["content-type"] = "application/json"
        for left in reversed(range(TRIES)):
            async with self._session.request(method, self.url + path, data=data, params=params, headers=sent) as answer:
                raw = await answer.read()
                if answer.status in {429, 503} and left:
                    await asyncio.sleep(min(5.0, float(answer.headers.get("retry-after", "1"))))
                    continue
                if answer.status >= 400:
                    raise DemoError(f"{method} {path} answered {answer.status}: {_words(raw)}")
                return orjson.loads(raw) if raw and "json" in answer.headers.get("content-type", "") else raw
        raise DemoError(f"{method} {path} stayed busy")

    async def send_batches(self, records: Sequence[dict[str, Any]], done: Callable[[int], None]) -> None:
        """POST `records` in batches. Raises DemoError when any is refused."""
        for start in range(0, len(records), BATCH):
            chunk = records[start : start + BATCH]
            answer = await self.call("POST", "/v1/feedback/batch", body=list(chunk))
            refused = [one for one in answer["results"] if one["status"] == "rejected"]
            if refused:
                raise DemoError(f"{len(refused)} records were refused, the first with {refused[0].get('errors')}")
            done(len(chunk))

    async def send_responses(
        self, records: Sequence[dict[str, Any]], key: str, origin: str, done: Callable[[int], None]
    ) -> None:
        """POST `records` one by one to the widget's endpoint, as that many browsers would."""
        gate = asyncio.Semaphore(WIDGET_CONCURRENCY)

        async def one(record: dict[str, Any]) -> None:
            async with gate:
                await self.call("POST", "/v1/responses", body=record, key=key, headers={"origin": origin})
                done(1)

        async with asyncio.TaskGroup() as group:
            for record in records:
                group.create_task(one(record))


async def tell_secret(url: str, secret: str) -> None:
    """Tell the stack's own webhook inbox which secret its webhooks are signed with."""
    async with aiohttp.ClientSession() as session, session.put(url, json={"secret": secret}) as answer:
        if answer.status >= 400:
            raise DemoError(f"the webhook inbox refused its secret ({answer.status})")


def _words(raw: bytes) -> str:
    """A problem in words: its detail, and each fault with its place."""
    try:
        problem = orjson.loads(raw)
        faults = "; ".join(f"{one['pointer']}: {one['detail']}" for one in problem.get("errors", [])[:5])
        return f"{problem['detail']} {faults}".strip()[:600]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return raw[:200].decode("utf-8", "replace")
