"""What the report asks of the API: no more than it shows."""

from typing import Any, cast

from local_stack.demo.asking import CASES_SHOWN, ask
from local_stack.demo.client import Client

POINT = {"value": None, "n": 0, "n_customers": 0, "scale": None}
CASE = {
    "title": "NPS 0 · email · North",
    "priority": "urgent",
    "status": "new",
    "owner": None,
    "due_at": "2026-01-03T09:00:00Z",
}


class Recording:
    """Answers as the API would, without scores but with more cases than one page holds; keeps the questions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def call(self, method: str, path: str, *, params: dict[str, str]) -> dict[str, Any]:
        assert method == "GET"
        self.asked.append((path, params))
        if path == "/v1/cases":
            return {"data": [CASE] * int(params["limit"]), "next_cursor": "more", "total": 321}
        if path == "/v1/terms":
            return {"terms": []}
        return {"total": POINT, "totals": [POINT], "series": []}


async def test_cases_are_counted_not_fetched() -> None:
    client = Recording()
    found = await ask(cast(Client, client), "An organisation")
    assert found.cases_open == 321
    assert (
        found.cases
        == [{"title": CASE["title"], "priority": "urgent", "status": "new", "owner": None, "due": "2026-01-03"}]
        * CASES_SHOWN
    )
    (asked,) = [params for path, params in client.asked if path == "/v1/cases"]
    assert asked["sort"] == "priority"
