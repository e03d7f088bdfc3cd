"""kill -9 of every kind of process and server under load: what was acknowledged is stored, counted and judged once.

A first, short storm (the programme of the next issue makes it long): real processes, a client ledger of what was
acknowledged and what is unknown, and a comparison of all of it with what the API answers afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local_stack.places import ROOT
from local_stack.stack import Stack
from tests.support.api import Api
from tests.support.drain import until

SEED = 5
CLIENTS = 6
ROUND_S = 1.2
VICTIMS = ("analysis-worker", "valkey", "ingest-api", "loop-worker", "postgres", "ingest-worker", "gateway", "valkey")
FREE = {name: value for name, value in os.environ.items() if not name.endswith(("DATABASE_URL", "REDIS_URL"))}


@pytest.fixture
async def storm_stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A whole stack of real processes in a folder of its own."""
    async with Stack("up", home=tmp_path / "up", environment=FREE) as stack:
        yield stack


def gateway_command(stack: Stack, *words: str) -> dict[str, Any]:
    """Run a command of the gateway against the stack."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *words], env=stack.environment, cwd=ROOT, capture_output=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def kill(stack: Stack, victim: str) -> None:
    """SIGKILL a process or a server of the stack."""
    assert stack.servers is not None
    servers = {"postgres": stack.servers.postgres, "valkey": stack.servers.valkey}
    if victim in servers:
        server = servers[victim]
        assert server is not None
        pid = server.pid
    else:
        pid = stack._supervisor.running[victim].process.pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


class Ledger:
    """What each client was told: acknowledged, refused, or nothing (unknown)."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.stop = False

    async def client(self, api: Api, number: int) -> None:
        """Send one record after the other until told to stop; every fifth is a detractor."""
        count = 0
        while not self.stop:
            count += 1
            name = f"c{number}-{count}"
            body = {
                "channel": "storm",
                "source": "storm",
                "submission_id": name,
                "ratings": [{"metric": "nps", "value": 2 if count % 5 == 0 else 9}],
                "text": "Sent while things break.",
            }
            try:
                answer = await api.post("/v1/feedback", body)
            except (aiohttp.ClientError, TimeoutError, OSError):
                self.unknown.add(name)
                await asyncio.sleep(0.05)
                continue
            if answer.status == 202:
                self.acknowledged[name] = answer.json()["id"]
            else:
                assert answer.status in {429, 502, 503, 504}, answer.body
                self.unknown.add(name)
                await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_nothing_acknowledged_is_lost_or_counted_twice(storm_stack: Stack) -> None:
    made = gateway_command(storm_stack, "keys", "create", "--new-organization", "Storm", "--json")
    api = Api(storm_stack.gateway_url, {"authorization": f"Bearer {made['key']}"})
    ledger = Ledger()
    clients = [asyncio.create_task(ledger.client(api, number)) for number in range(CLIENTS)]
    rng = random.Random(SEED)
    for victim in VICTIMS:
        await asyncio.sleep(ROUND_S * rng.uniform(0.6, 1.4))
        kill(storm_stack, victim)
    await asyncio.sleep(ROUND_S)
    ledger.stop = True
    await asyncio.gather(*clients)
    assert len(ledger.acknowledged) > 200

    async def settled() -> bool:
        try:
            answer = await api.get("/v1/metrics/volume", interval="total")
        except (aiohttp.ClientError, OSError):
            return False
        return bool(answer.status == 200 and answer.json()["completeness"]["pending"] == 0)

    await until(settled, timeout=60, what="all records being analysed")
    stored = await everything(api, "/v1/feedback")
    by_name = {one["submission_id"]: one["id"] for one in stored}
    assert len(by_name) == len(stored)
    assert {name: by_name.get(name) for name in ledger.acknowledged} == ledger.acknowledged
    assert set(by_name) <= set(ledger.acknowledged) | ledger.unknown

    total = (await api.get("/v1/metrics/nps", interval="total")).json()["total"]
    detractors = {name for name in by_name if int(name.split("-")[1]) % 5 == 0}
    assert (total["n"], total["detractors"]) == (len(stored), len(detractors))

    async def judged() -> bool:
        cases = await everything(api, "/v1/cases")
        assert len({one["feedback_id"] for one in cases}) == len(cases)
        return {one["feedback_id"] for one in cases} == {by_name[name] for name in detractors}

    await until(judged, timeout=60, what="one case per detractor")
    await api.close()


async def everything(api: Api, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await api.get(path, limit=100, cursor=cursor)
        assert answer.status == 200, answer.body
        found += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
