"""Which operating-system processes are ours: start times, children that die with us, safe killing.

A process id alone proves nothing (a stranger may have got it since), so a pid file of ours holds the start
time and the boot it was counted in; only a process that matches both, and whose command line names what we
started, is ever signalled.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process as a pid file remembers it: enough to recognise it again and nobody else."""

    pid: int
    started: str
    word: str  # appears in its command line

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps(asdict(self)))
        scratch.replace(path)

    @staticmethod
    def load(path: Path) -> ProcessMark | None:
        try:
            kept = json.loads(path.read_text())
            return ProcessMark(pid=int(kept["pid"]), started=str(kept["started"]), word=str(kept["word"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_running(self) -> bool:
        """Whether exactly this process still runs (not a stranger with its number)."""
        return self.word in command_line(self.pid) and start_time(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Signal the process, if it is still the one we mean."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def mark(pid: int, word: str) -> ProcessMark:
    """Remember a process that has just been started."""
    return ProcessMark(pid=pid, started=start_time(pid), word=word)


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def start_time(pid: int) -> str:
    """Boot id and start ticks of a process; empty when it does not run (or is only a zombie)."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in {"Z", "X"} else f"{_boot()}/{fields[19]}"
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def command_line(pid: int) -> str:
    """The command line of a process, words joined by spaces; empty when it does not run."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def dies_with_parent(number: int = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `number` to the child when the thread that started it ends.

    Linux only; elsewhere the next run removes what a killed run left.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
            if os.getppid() != parent:  # the parent ended between fork and here
                os._exit(1)

    return arrange


class _Starter:
    """Starts processes from one thread that lives as long as this process.

    The kernel's death signal is bound to the starting *thread*: a server started from a short-lived worker
    thread (asyncio.to_thread) would be killed when that thread is put away.
    """

    def __init__(self) -> None:
        self._orders: queue.Queue[tuple[Callable[[], None], threading.Event]] = queue.Queue()
        threading.Thread(target=self._work, name="process-starter", daemon=True).start()

    def _work(self) -> None:
        while True:
            order, done = self._orders.get()
            order()
            done.set()

    def start(self, argv: Sequence[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
        result: list[subprocess.Popen[bytes] | OSError] = []

        def order() -> None:
            try:
                result.append(subprocess.Popen(argv, **options))
            except OSError as error:
                result.append(error)

        done = threading.Event()
        self._orders.put((order, done))
        done.wait()
        if isinstance(result[0], OSError):
            raise result[0]
        return result[0]


_starter: _Starter | None = None
_starter_pid = 0


def start_owned(argv: Sequence[str], *, death_signal: int = signal.SIGTERM, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own that gets `death_signal` when this process dies."""
    global _starter, _starter_pid  # one starter thread per process, remade after a fork
    if _starter is None or _starter_pid != os.getpid():
        _starter, _starter_pid = _Starter(), os.getpid()
    options = {"start_new_session": True, "stdin": subprocess.DEVNULL, **options}
    return _starter.start(argv, {**options, "preexec_fn": dies_with_parent(death_signal)})


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.01) -> bool:
    """Ask `condition` until it is true; False when `seconds` passed first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def end_marked(process: ProcessMark, steps: Sequence[tuple[int, float]]) -> bool:
    """End a remembered process by steps of (signal, seconds to wait after it). True when it is gone."""
    for number, seconds in steps:
        process.signal(number)
        if wait_until(lambda: not process.is_running(), seconds, pause=0.02):
            return True
    return not process.is_running()
