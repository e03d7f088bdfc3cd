"""What the report needs, asked of the public API like any other client would."""

from __future__ import annotations

from typing import Any

from local_stack.demo.client import Client
from local_stack.demo.report import Found

LONGEST_LINE = 54
CASES_SHOWN = 5
METRICS = ("nps", "csat", "ces", "stars", "rating", "sentiment")


async def ask(client: Client, title: str) -> Found:
    """The figures of the whole organisation: by channel, by week, terms, open cases, what was told."""
    volume = await client.call("GET", "/v1/metrics/volume", params={"interval": "total"})
    found = Found(title, volume["total"]["n"], volume["total"]["n_customers"])
    for metric in METRICS:
        answer = await client.call("GET", f"/v1/metrics/{metric}", params={"interval": "total", "group_by": "channel"})
        rows = sorted((row for row in answer["series"] if row["n"]), key=lambda row: -row["n"])
        if rows:
            found.by_channel[metric] = rows
            found.totals[metric] = answer["totals"]
    found.over_time_metric = next((metric for metric in METRICS if metric in found.by_channel), "volume")
    await _over_time(client, found)
    found.terms = await _terms(client)
    await _cases(client, found)
    return found


async def _over_time(client: Client, found: Found) -> None:
    """The leading metric by week, or by month when that is a long line; empty ends are left out."""
    for interval in ("week", "month"):
        answer = await client.call("GET", f"/v1/metrics/{found.over_time_metric}", params={"interval": interval})
        rows = answer["series"]
        if len({row["scale"] for row in rows}) > 1:
            return
        filled = [place for place, row in enumerate(rows) if row["n"]]
        found.over_time = rows[filled[0] : filled[-1] + 1] if filled else []
        found.interval = interval
        if len(found.over_time) <= LONGEST_LINE:
            return


async def _terms(client: Client) -> list[dict[str, Any]]:
    answer = await client.call("GET", "/v1/terms", params={"limit": "10"})
    return [{"term": one["term"], "n": one["n"]} for one in answer["terms"]]


async def _cases(client: Client, found: Found) -> None:
    """How many are open, and the most urgent of them."""
    query = {"open": "true", "sort": "priority", "limit": str(CASES_SHOWN)}
    answer = await client.call("GET", "/v1/cases", params=query)
    found.cases_open = answer["total"]
    for one in answer["data"]:
        owner = one.get("owner") or {}
        found.cases.append(
            {
                "title": one["title"],
                "priority": one["priority"],
                "status": one["status"],
                "owner": owner.get("name") or owner.get("email"),
                "due": (one.get("due_at") or "")[:10],
            }
        )
