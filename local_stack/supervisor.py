"""Keeps processes running: start, wait until ready, restart after a crash with growing pauses, stop for certain.

Each process is a real one in a session of its own, its output in a log file of its own. It dies with us (the
kernel sees to that on Linux), and what a killed supervisor left is recognised by its pid file and ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.addresses import fetch
from local_stack.binaries import InfrastructureError
from local_stack.ownership import ProcessMark, end_marked, mark, start_owned
from local_stack.places import ROOT

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pause before the first, second, … restart in a row; the last one repeats."""
SETTLED_AFTER_S = 30.0
"""A process that ran this long starts its pauses from the beginning."""
STARTUP_CRASHES = 3
"""So many crashes before it was ever ready mean that it will not get better."""
READY_WITHIN_S = 90.0
GENTLE_S = 10.0
"""From SIGTERM to SIGKILL: services let requests and jobs under way end within 8 s."""
LOG_KEPT_BYTES = 20_000_000
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Task:
    """What to run: `argv` with `environment`, ready when `health_path` at `address` answers 200."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    address: str
    health_path: str = "/readyz"
    inherited: tuple[int, ...] = ()
    """File descriptors of sockets that the process takes over (`fd://N`)."""


@dataclass(slots=True)
class Running:
    """A task under supervision."""

    task: Task
    process: subprocess.Popen[bytes]
    started: float
    ready: bool = False
    crashes: int = 0
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Supervises tasks. `home` gets `logs/NAME.log` and `pids/NAME.json`; `tell` gets lines for people."""

    home: Path
    tell: Callable[[str], None] = lambda _line: None
    running: dict[str, Running] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False

    def log_of(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def _mark_of(self, name: str) -> Path:
        return self.home / "pids" / f"{name}.json"

    # -- life ---------------------------------------------------------------------------------------------------
    def end_leftovers(self) -> int:
        """End processes that a killed supervisor of this `home` left; call it with the home's lock held."""
        ended = 0
        for path in sorted((self.home / "pids").glob("*.json")):
            left = ProcessMark.load(path)
            if left is not None and left.is_running():
                ended += 1
                if not end_marked(left, ((signal.SIGTERM, GENTLE_S), (signal.SIGKILL, 5.0))):
                    raise InfrastructureError(
                        f"Process {left.pid} of an earlier run does not end; kill it and try again."
                    )
            path.unlink(missing_ok=True)
        return ended

    def start(self, tasks: Sequence[Task]) -> None:
        """Start all tasks at once; `wait_ready` tells when they can be used."""
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        for task in tasks:
            self.running[task.name] = Running(task, self._launch(task), time.monotonic())
            self._keepers.append(asyncio.create_task(self._keep(self.running[task.name]), name=f"keep {task.name}"))

    async def wait_ready(self, seconds: float = READY_WITHIN_S) -> None:
        """Until every task answers. Raises InfrastructureError with the last words of one that does not start."""
        deadline = time.monotonic() + seconds
        waiting = [one for one in self.running.values() if not one.ready]
        while waiting:
            for one in list(waiting):
                if one.crashes >= STARTUP_CRASHES:
                    raise InfrastructureError(self._obituary(one, "does not start"))
                if await self._answers(one.task):
                    one.ready, one.crashes = True, 0
                    waiting.remove(one)
                    self.tell(f"{one.task.name} is ready")
                elif time.monotonic() > deadline:
                    raise InfrastructureError(self._obituary(one, f"was not ready within {seconds:.0f} s"))
            if waiting:
                await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Stop everything, last started first: SIGTERM, then SIGKILL for the whole process group."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()
        ending = list(reversed(self.running.values()))
        for one in ending:
            with suppress(ProcessLookupError):
                one.process.terminate()
        deadline = time.monotonic() + GENTLE_S
        while any(one.process.poll() is None for one in ending) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for one in ending:
            # Also what a process started itself: its group carries its number.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                one.process.wait(5)
            self._mark_of(one.task.name).unlink(missing_ok=True)
        self.running.clear()
        self._stopping = False

    # -- inside -------------------------------------------------------------------------------------------------
    def _launch(self, task: Task) -> subprocess.Popen[bytes]:
        log = self.log_of(task.name)
        if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
        with log.open("ab") as output:
            process = start_owned(
                task.argv,
                env=dict(task.environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=str(ROOT),
                pass_fds=task.inherited,
            )
        mark(process.pid, " ".join(task.argv[-2:])).save(self._mark_of(task.name))
        return process

    async def _answers(self, task: Task) -> bool:
        status, _body = await asyncio.to_thread(fetch, task.address, task.health_path)
        return status == 200

    async def _keep(self, one: Running) -> None:
        while not self._stopping:
            await asyncio.sleep(POLL_S)
            code = one.process.poll()
            if code is None:
                continue
            lived = time.monotonic() - one.started
            one.crashes = 1 if lived > SETTLED_AFTER_S else one.crashes + 1
            pause = PAUSES_S[min(one.crashes, len(PAUSES_S)) - 1]
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self.tell(f"{one.task.name} ended ({how}); starting it again in {pause:g} s")
            if not one.ready and one.crashes >= STARTUP_CRASHES:
                return  # wait_ready tells the story
            await asyncio.sleep(pause)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process = self._launch(one.task)
            one.started = time.monotonic()
            one.restarts += 1

    def _obituary(self, one: Running, what: str) -> str:
        log = self.log_of(one.task.name)
        lines: list[str] = []
        with suppress(OSError):
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = f" Its last line: {lines[-1][:300]}" if lines else ""
        return f"{one.task.name} {what}; its log is {log}.{last}"
