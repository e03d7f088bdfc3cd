"""GET /v1/live: server-sent events for one browser.

    retry: 2000                          how soon the browser comes back when the stream ends
    event: state   data: {"live": true}  at the beginning and whenever it changes; false: poll, hints do not come
    event: records data: {"topic": "records"}
    : beat                               every BEAT_S, so that a dead line is noticed

A stream ends after LIFETIME_S, when its session or key is no longer good, and when the gateway stops.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from gateway.live.hub import LiveHub
from shared.contracts.problems import Code, Problem

BEAT_S = 3.0
LIFETIME_S = 600.0
GATHER_S = 0.2
"""Hints within so long become one event."""
_TOPIC = re.compile(r"[a-z_]{1,40}\Z")


async def stream(
    hub: LiveHub,
    org_id: UUID,
    still_good: Callable[[], Awaitable[bool]],
    receive: Any,
    send: Any,
    *,
    headers: list[tuple[bytes, bytes]],
) -> None:
    """Serve one listener until it leaves. `still_good` says whether its credential still holds.

    Raises Problem(OVERLOADED) before the answer began.
    """
    if hub.full(org_id):
        raise Problem(Code.OVERLOADED, "Too many pages listen already. Poll instead.", headers={"retry-after": "15"})
    with hub.listening(org_id) as listener:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"x-accel-buffering", b"no"),  # proxies of the nginx kind would hold events back
                    *headers,
                ],
            }
        )
        left = asyncio.create_task(_left(receive))
        loop = asyncio.get_running_loop()
        ends = loop.time() + LIFETIME_S
        told: bool | None = None
        try:
            await _say(send, b"retry: 2000\n\n")
            while not left.done() and not hub.closing and loop.time() < ends:
                live = not hub.away
                if live is not told:
                    told = live
                    await _say(send, _event("state", {"live": live}))
                topics = await listener.topics(BEAT_S)
                if hub.closing or left.done() or not await still_good():
                    break
                if not topics:
                    await _say(send, b": beat\n\n")
                    continue
                await _say(send, b"".join(_event(one, {"topic": one}) for one in sorted(topics) if _TOPIC.match(one)))
                await asyncio.sleep(GATHER_S)
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Any, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))
