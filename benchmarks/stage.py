"""Where benchmarks happen: the real processes with data of their own, and what is needed to drive and watch them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from benchmarks.consumption import PROC, cpu_seconds, family
from benchmarks.loader import NUMBER
from local_stack.addresses import LOOPBACK, fetch, free_port
from local_stack.demo.client import Client, tell_secret
from local_stack.demo.story import story
from local_stack.ownership import ProcessMark, start_owned
from local_stack.places import LOCAL, ROOT
from local_stack.stack import Stack

WORKERS = ("ingest-worker", "analysis-worker", "loop-worker")
SETTLED_WITHIN_S = 180.0
OWNER_EMAIL = "owner@example.com"
_AT = datetime(2026, 1, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything. The quick ones take some four minutes in all on two cores."""

    rounds: int = 3
    seconds: float = 2.5
    connections: int = 32
    batch_connections: int = 4
    texts: int = 4_000
    pipeline_records: int = 5_000
    paced_rate: int = 50
    paced_seconds: float = 8.0
    metric_records: tuple[int, ...] = (100_000, 400_000)


TINY = Sizes(1, 0.3, 4, 2, 100, 60, 20, 0.5, (500,))
"""Just enough to see that the benchmarks run."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation of one benchmark."""

    org_id: UUID
    key: str

    def headers(self, kind: str = "application/json") -> dict[str, str]:
        """What every request carries."""
        return {"authorization": f"Bearer {self.key}", "content-type": kind}


def said(count: int) -> list[dict[str, Any]]:
    """`count` submissions of the demo's story, the same each time."""
    return [one.body for one in story(_AT, records=count)]


def numbered(bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with a place for the loader's running number, so that each one sent is a new submission."""
    return [{**body, "submission_id": f"bench-{NUMBER.decode()}"} for body in bodies]


class Stage:
    """A running stack. `owner` is a connection that sees everything."""

    def __init__(self, stack: Stack, owner: asyncpg.Connection, sizes: Sizes) -> None:
        self.stack = stack
        self.owner = owner
        self.sizes = sizes
        self.gateway = stack.gateway_url.replace("http://", "tcp://")
        marks = {path.stem: ProcessMark.load(path) for path in (stack.home / "pids").glob("*.json")}
        self.pids = {name: found.pid for name, found in marks.items() if found is not None}
        server = (stack.home / "postgres").rglob("postmaster.pid")
        self.postgres = next((int(path.read_text().split()[0]) for path in server), 0)

    @property
    def ingest(self) -> str:
        """Where the ingest API listens, as the gateway was told."""
        told = (PROC / str(self.pids["gateway"]) / "environ").read_bytes().split(b"\0")
        return next(one.decode().partition("=")[2] for one in told if one.startswith(b"GATEWAY_INGEST_URL="))

    async def tenant(self, name: str, *, acting: bool = False) -> Tenant:
        """A new organisation; `acting`: with a person who gets mails and a webhook endpoint, as a real one has."""
        made = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "gateway",
                "keys",
                "create",
                "--new-organization",
                name,
                "--name",
                "bench",
                "--json",
            ),
            env=self.stack.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        first = orjson.loads((await made.communicate())[0])
        tenant = Tenant(UUID(first["organization_id"]), first["key"])
        if acting:
            async with self.client(tenant) as client:
                await client.call("POST", "/v1/members", body={"email": OWNER_EMAIL, "name": "Owner", "role": "owner"})
                hook = self.stack.inbox_url.replace("/inbox", "/hooks/bench")
                asked = {"url": hook, "events": ["case.opened", "case.changed"], "description": "benchmarks"}
                endpoint = await client.call("POST", "/v1/webhook-endpoints", body=asked)
                await tell_secret(f"{hook}/secret", str(endpoint["secret"]))
            await self.settled(tenant)
        return tenant

    def client(self, tenant: Tenant) -> Client:
        """A client as a customer of ours writes one."""
        return Client(self.stack.gateway_url, tenant.key)

    async def settled(self, tenant: Tenant) -> None:
        """Wait until no event of the organisation is pending."""
        await self.until(
            "SELECT NOT EXISTS (SELECT FROM messaging.deliveries WHERE org_id = $1 AND state = 'pending')",
            tenant.org_id,
            what="settling",
        )

    async def until(self, query: str, *arguments: Any, what: str, pause: float = 0.02) -> None:
        """Wait until `query` says true."""
        end = monotonic() + SETTLED_WITHIN_S
        while not await self.owner.fetchval(query, *arguments):
            if monotonic() > end:
                raise TimeoutError(f"{what} took more than {SETTLED_WITHIN_S:g} s")
            await asyncio.sleep(pause)

    async def forget_pending(self, tenant: Tenant) -> None:
        """Drop what waits for the workers, where only the intake was measured."""
        await self.owner.execute(
            "UPDATE messaging.deliveries SET state = 'done', done_at = now() WHERE org_id = $1 AND state = 'pending'",
            tenant.org_id,
        )

    @contextmanager
    def resting(self, *names: str) -> Iterator[None]:
        """Processes that stand still meanwhile, as if they ran on another machine."""
        pids = [self.pids[name] for name in names]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def cpu(self, *names: str) -> Callable[[], float]:
        """Start counting the CPU seconds of processes ("postgres" among them); the result says how many since."""
        pids = [self.pids[name] for name in names if name != "postgres"]

        def used() -> float:
            return cpu_seconds(pids + (family(self.postgres) if "postgres" in names else []))

        begun = used()
        return lambda: used() - begun


@asynccontextmanager
async def staged(sizes: Sizes, home: Path = LOCAL / "bench" / "stack") -> AsyncIterator[Stage]:
    """A fresh stack in `home`; its data are removed at the end."""
    shutil.rmtree(home, ignore_errors=True)
    stack = Stack("bench", home=home)
    try:
        async with stack:
            assert stack.servers is not None
            if not stack.servers.postgres:
                raise RuntimeError("benchmarks write freely: they run on embedded servers only; unset DATABASE_URL")
            owner = await asyncpg.connect(stack.servers.owner_url)
            try:
                yield Stage(stack, owner, sizes)
            finally:
                await owner.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def uvicorn(app: str, environment: dict[str, str], *options: str) -> AsyncIterator[tuple[str, int]]:
    """`app` served as people serve it: (address, process id)."""
    port = free_port()
    server = ("uvicorn", app, "--host", LOOPBACK, "--port", str(port), "--no-access-log", "--log-level", "warning")
    argv = [sys.executable, "-m", *server, "--loop", "uvloop", "--http", "httptools", *options]
    process = start_owned(argv, env=environment, cwd=str(ROOT))
    address = f"tcp://{LOOPBACK}:{port}"
    try:
        end = monotonic() + 60
        while not (await asyncio.to_thread(fetch, address, "/"))[0]:
            if process.poll() is not None or monotonic() > end:
                raise RuntimeError(f"{app} does not start")
            await asyncio.sleep(0.05)
        yield address, process.pid
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()
