"""Looking back stops at the cap or the deadline, and says so."""

from typing import Any

from loop_service.rules.conditions import parse
from loop_service.rules.past import PAGE, look_back
from shared.foundation.ids import new_id
from tests.loop_service.feeding import analysed

CONDITION = parse({"field": "rating.nps", "op": "lte", "value": 6})


async def endless(params: dict[str, str]) -> dict[str, Any]:
    page = [{**analysed(new_id()).data, "id": str(new_id())} for _ in range(int(params["limit"]))]
    return {"data": page, "next_cursor": "more"}


async def test_the_cap() -> None:
    past = await look_back(endless, CONDITION, since=None, cap=250)
    assert (past.stopped_because, past.complete) == ("cap", False)
    assert past.looked_at == past.matched == 3 * PAGE
    assert len(past.examples) == 20


async def test_the_deadline() -> None:
    past = await look_back(endless, CONDITION, since=None, deadline_s=0.0)
    assert (past.stopped_because, past.looked_at) == ("deadline", PAGE)


async def test_an_empty_past() -> None:
    async def nothing(_params: dict[str, str]) -> dict[str, Any]:
        return {"data": [], "next_cursor": None}

    past = await look_back(nothing, CONDITION, since=None)
    assert (past.looked_at, past.complete, past.oldest) == (0, True, None)
