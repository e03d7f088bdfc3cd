"""How much of a body is taken, and how slowly it may come: caps per route, a receipt deadline, a budget of memory.

A body must stay ahead of a slow line: after t seconds at least (t - GRACE_S) * SLOWEST bytes must have arrived, else
408. uvicorn itself waits for ever, so a few hundred idle connections would hold every worker's memory (seen).
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from shared.contracts.problems import Code, Problem

GRACE_S = 10.0
SLOWEST = 16 * 1024
"""Bytes a second; a 16 MiB batch may take 17 minutes, an empty promise ten seconds."""
SMALL = 256 * 1024
"""Bodies up to here are not counted against the budget."""
CLOSE = {"connection": "close"}
"""The rest of a refused body would only be read to be thrown away."""


class ClientLeft(Exception):
    """The client closed the connection; there is nobody to answer."""


class BodyBudget:
    """Memory for large bodies that are being read at the same time, in bytes."""

    def __init__(self, size: int) -> None:
        self._free = size

    def take(self, size: int) -> None:
        """Reserve `size` bytes. Raises Problem(OVERLOADED) when there are not so many."""
        if size > self._free:
            raise Problem(
                Code.OVERLOADED, "Too many large bodies are being received now. Try again in a second.", headers=CLOSE
            )
        self._free -= size

    def give_back(self, size: int) -> None:
        """Return what `take` reserved."""
        self._free += size


def announced_length(content_length: bytes, cap: int) -> int | None:
    """Bytes announced, None when unknown (chunked). Raises Problem: malformed, or larger than `cap`."""
    if not content_length:
        return None
    if not content_length.isdigit() or len(content_length) > 18:
        raise Problem(Code.REQUEST_MALFORMED, "Content-Length is not a number.", headers=CLOSE)
    length = int(content_length)
    if length > cap:
        raise too_large(cap)
    return length


def too_large(cap: int) -> Problem:
    """413 with the cap in words."""
    words = f"{cap // (1024 * 1024)} MiB" if cap >= 1024 * 1024 else f"{cap // 1024} KiB"
    return Problem(Code.BODY_TOO_LARGE, f"The body may have {words} here. Send it in parts.", headers=CLOSE)


def too_slow() -> Problem:
    """408."""
    return Problem(
        Code.BODY_TOO_SLOW, "The body did not arrive in time. Check the line, or send less at once.", headers=CLOSE
    )


class Body:
    """The body as it arrives, capped and watched; iterate it once. Raises Problem (413, 408) or ClientLeft."""

    __slots__ = ("_began", "_cap", "_loop", "_more", "_receive", "size")

    def __init__(self, receive: Any, cap: int) -> None:
        self._receive = receive
        self._cap = cap
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._more = True
        self.size = 0
        """Bytes that have arrived."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while self._more:
            # At least a second for each part: the time between two of them may have been the service's, not the line's.
            due = max(self._loop.time() + 1.0, self._began + GRACE_S + self.size / SLOWEST)
            try:
                async with asyncio.timeout_at(due):
                    message = await self._receive()
            except TimeoutError:
                raise too_slow() from None
            if message["type"] == "http.disconnect":
                raise ClientLeft
            self._more = message.get("more_body", False)
            part: bytes = message.get("body", b"")
            self.size += len(part)
            if self.size > self._cap:
                raise too_large(self._cap)
            if part:
                return part
        raise StopAsyncIteration

    async def whole(self) -> bytes:
        """All of it in one piece."""
        first = await anext(self, b"")
        if not self._more:
            return first
        gathered = [first]
        async for part in self:
            gathered.append(part)
        return b"".join(gathered)
