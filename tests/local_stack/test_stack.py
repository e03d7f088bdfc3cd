"""The whole stack as a person runs it: up, killed, up again, a crash, Ctrl-C; nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from local_stack.addresses import fetch
from local_stack.binaries import InfrastructureError
from local_stack.embedded import socket_folder
from local_stack.ownership import ProcessMark, start_time, wait_until
from local_stack.places import ROOT
from local_stack.processes import PROCESSES, SERVICES, role_of
from local_stack.stack import LONGEST_PROCESS, Stack, running_stack

UP_WITHIN_S = 120.0
FREE = {name: value for name, value in os.environ.items() if not name.endswith(("DATABASE_URL", "REDIS_URL"))}


class Up:
    """`cxloop up` in a process of its own, its output gathered."""

    def __init__(self, local: Path) -> None:
        self.home = local / "up"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local_stack", "up"],
            env={**FREE, "CXLOOP_LOCAL": str(local), "NO_COLOR": "1"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(output)

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def wait_up(self) -> dict[str, Any]:
        wait_until(lambda: "Ctrl-C ends it" in self.said or self.process.poll() is not None, UP_WITHIN_S)
        run = running_stack(self.home)
        assert run is not None, self.said
        return run

    def pids(self) -> dict[str, int]:
        marks = {path.stem: ProcessMark.load(path) for path in (self.home / "pids").glob("*.json")}
        marks |= {name: ProcessMark.load(self.home / f"{name}.pid.json") for name in ("postgres", "valkey")}
        return {name: found.pid for name, found in marks.items() if found is not None}

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(40)
        self._reader.join(10)
        return code


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "local"
    kept = running_stack(tmp_path / "local" / "up")
    if kept is not None:  # a failed test must not leave a stack behind
        os.kill(kept["process"]["pid"], signal.SIGTERM)


def who_is_connected(url: str) -> set[str]:
    """The roles that services logged in as."""

    async def ask() -> set[str]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "SELECT DISTINCT usename FROM pg_stat_activity WHERE backend_type = 'client backend' "
                "AND pid <> pg_backend_pid()"
            )
            return {row["usename"] for row in rows}
        finally:
            await connection.close()

    return asyncio.run(ask())


def gone(pids: dict[str, int]) -> bool:
    return not any(start_time(pid) for pid in pids.values())


@pytest.mark.timeout(400)
def test_the_life_of_a_stack(local: Path) -> None:
    first = Up(local)
    run = first.wait_up()
    assert fetch(run["gateway_url"], "/readyz")[0] == 200
    assert fetch(run["mailbox_url"], "/mailbox")[0] == 200
    assert (first.home / "run.json").stat().st_mode & 0o077 == 0
    assert set(first.pids()) == {process.name for process in PROCESSES} | {"receivers", "postgres", "valkey"}
    assert who_is_connected(run["environment"]["DATABASE_URL"]) == {role_of(service) for service in SERVICES}
    assert run["environment"]["LOOP_WEBHOOK_ALLOWED_HOSTS"] in run["inbox_url"]

    second = Up(local)
    assert second.process.wait(60) == 1
    assert re.search(r"running already at http://127\.0\.0\.1:\d+: use that one", " ".join(second.said.split()))

    left = first.pids()
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert wait_until(lambda: gone(left), 20), "processes outlived their killed supervisor"

    again = Up(local)
    run = again.wait_up()
    assert "tables are up to date" not in again.said, "nothing had changed"
    worker = again.pids()["ingest-worker"]
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: again.pids().get("ingest-worker") not in {None, worker}, 20)
    assert "ingest-worker ended (signal SIGKILL)" in again.said

    for server in ("postgres", "valkey"):
        killed = again.pids()[server]
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda name=server, old=killed: again.pids().get(name) not in {None, old}, 20), server  # type: ignore[misc]  # mypy cannot type a lambda's default
    assert wait_until(lambda: fetch(run["gateway_url"], "/readyz")[0] == 200, 20)

    left = again.pids()
    sockets = socket_folder(again.home / "processes", LONGEST_PROCESS)
    assert sockets.exists()
    assert again.end(signal.SIGINT) == 0
    assert "cxloop has ended" in again.said
    assert gone(left)
    assert running_stack(again.home) is None
    assert not sockets.exists(), "sockets were left"
    assert json.loads((again.home / "secrets.json").read_text())["KEY_PEPPER"]


async def test_a_port_in_use_is_said_before_anything_is_kept_waiting(local: Path) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        stack = Stack("up", home=local / "up", port=port, environment=FREE)
        with pytest.raises(Exception, match=f"Port {port} for the gateway is in use"):
            await stack.start()
    assert running_stack(local / "up") is None


async def test_tables_of_a_newer_version_are_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = tmp_path / "migrate"
    newer.write_text("#!/bin/sh\necho \"CommandError: Can't locate revision identified by '9999'\"\nexit 1\n")
    newer.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(newer))
    stack = Stack("up", home=tmp_path / "up", environment=FREE)
    monkeypatch.setattr(stack, "servers", SimpleNamespace(owner_url="postgresql://", postgres=None))
    with pytest.raises(InfrastructureError, match="made by a newer cxloop"):
        await stack._migrate()
