"""Bodies: caps exact to the byte, deadlines, the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge import request_limits
from gateway.edge.request_limits import Body, BodyBudget, ClientLeft, announced_length
from shared.contracts.problems import Code, Problem


def receiving(*parts: bytes, ends: bool = True, leaves: bool = False) -> Callable[[], Awaitable[Any]]:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if leaves:
        messages.append({"type": "http.disconnect"})
    elif ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(min_value=0, max_value=80))
def test_whole_is_the_parts_or_413(parts: list[bytes], cap: int) -> None:
    whole = b"".join(parts)

    async def run() -> bytes:
        return await Body(receiving(*parts), cap).whole()

    if len(whole) > cap:
        with pytest.raises(Problem) as refused:
            asyncio.run(run())
        assert refused.value.code is Code.BODY_TOO_LARGE
        assert refused.value.headers["connection"] == "close"
    else:
        assert asyncio.run(run()) == whole


async def test_a_client_that_leaves_is_no_end_of_body() -> None:
    with pytest.raises(ClientLeft):
        await Body(receiving(b"abc", leaves=True), 100).whole()


async def test_a_body_that_stops_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "GRACE_S", -1000.0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(Problem) as refused:
        await Body(receiving(b"abc", ends=False), 100).whole()
    assert refused.value.code is Code.BODY_TOO_SLOW
    assert 0.9 < loop.time() - started < 3


@pytest.mark.parametrize(("text", "length"), [(b"", None), (b"0", 0), (b"100", 100)])
def test_announced_length(text: bytes, length: int | None) -> None:
    assert announced_length(text, 100) == length


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"101", Code.BODY_TOO_LARGE),
        (b"-1", Code.REQUEST_MALFORMED),
        (b"1e3", Code.REQUEST_MALFORMED),
        (b"\xb2", Code.REQUEST_MALFORMED),
        (b"9" * 40, Code.REQUEST_MALFORMED),
    ],
)
def test_lengths_that_cannot_be(text: bytes, code: Code) -> None:
    with pytest.raises(Problem) as refused:
        announced_length(text, 100)
    assert refused.value.code is code


def test_budget_is_kept() -> None:
    budget = BodyBudget(100)
    budget.take(60)
    with pytest.raises(Problem) as refused:
        budget.take(60)
    assert refused.value.code is Code.OVERLOADED
    budget.give_back(60)
    budget.take(100)
