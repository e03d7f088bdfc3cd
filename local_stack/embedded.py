"""What every embedded server shares: its lock, its pid file, its socket folder, how it starts and stops."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local_stack.binaries import InfrastructureError
from local_stack.ownership import ProcessMark, end_marked, mark, start_owned, wait_until

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 100
LOG_KEPT_BYTES = 8_000_000


def explain_os_error(error: OSError, what: str, where: Path) -> InfrastructureError:
    """Turn an operating-system error into one sentence that says what to do."""
    if error.errno in {28, 122}:  # ENOSPC, EDQUOT
        return InfrastructureError(f"The disk is full: {what} needs room under {where}; free some and try again.")
    if error.errno in {1, 13, 30}:  # EPERM, EACCES, EROFS
        return InfrastructureError(
            f"No permission to write {where}: {what} needs it; chown it, or use a checkout you own."
        )
    return InfrastructureError(f"{what} failed at {where}: {error.strerror or type(error).__name__}.")


def _takes_sockets(folder: Path) -> bool:
    """Whether a unix socket can live in `folder` (some shared folders of virtual machines refuse)."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
            tried.bind(str(probe))
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def private_folder(folder: Path) -> Path:
    """Make `folder` with mode 700; raises InfrastructureError when somebody else's file is in its place."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise explain_os_error(error, "a private folder", folder) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise InfrastructureError(
            f"{folder} belongs to another user: run cxloop as that user, or give it to yourself (chown -R)."
        )
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


def short_folder(home: Path) -> Path:
    """A private folder with a short path, always the same one for the same `home`."""
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    bases = [Path(runtime)] if runtime and os.access(runtime, os.W_OK) and len(runtime) < 40 else []
    for base in [*bases, Path("/tmp"), Path(tempfile.gettempdir())]:  # noqa: S108 - mode 700, owner verified
        if os.access(base, os.W_OK):
            return private_folder(base / f"cxloop-{os.geteuid()}-{digest}")
    raise InfrastructureError("No folder for sockets can be written: make /tmp writable or set XDG_RUNTIME_DIR.")


def socket_folder(home: Path, longest_name: str) -> Path:
    """Where the sockets of the server in `home` go: beside its data, or in a short private folder."""
    near = home.with_name(f"{home.name}.run")
    if len(os.fsencode(near / longest_name)) <= LONGEST_SOCKET_PATH:
        folder = private_folder(near)
        if _takes_sockets(folder):
            return folder
    return short_folder(home)


class EmbeddedServer(ABC):
    """A server of ours on unix sockets. `home` is its data folder; lock, pid file and log lie beside it."""

    title: str
    socket_name: str
    # Signal and seconds to wait, from gentle to certain.
    ending: Sequence[tuple[int, float]] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
    start_seconds = 60.0

    def __init__(self, home: Path, *, log: Path | None = None) -> None:
        self.home = Path(os.path.abspath(home))
        self.log = log or self.home.with_name(f"{self.home.name}.log")
        self._lock_path = self.home.with_name(f"{self.home.name}.lock")
        self._mark_path = self.home.with_name(f"{self.home.name}.pid.json")
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None
        self._turn = threading.RLock()  # a stop during a start waits for it, instead of missing it

    # -- what a server adds --------------------------------------------------------------------------------
    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready. Runs under the lock, with no server on it."""

    @abstractmethod
    def command(self) -> tuple[list[str], dict[str, object]]:
        """The command line (it must hold `mark_word`, by which an orphan is known) and Popen options."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the started server answers."""

    def explain_failure(self, last_lines: str) -> str:
        """One sentence about a server that ended while starting."""
        lowered = last_lines.lower()
        if "no space left" in lowered:
            return f"The disk is full: {self.title} cannot write {self.home}; free some room and try again."
        if "permission denied" in lowered:
            return f"{self.title} may not read or write {self.home}: give the folder back to yourself (chown)."
        return f"{self.title} did not start; its last words are in {self.log}."

    # -- life ----------------------------------------------------------------------------------------------
    @property
    def sockets(self) -> Path:
        if self._sockets is None:
            self._sockets = socket_folder(self.home, self.socket_name)
        return self._sockets

    @property
    def mark_word(self) -> str:
        """What the server's command line must hold for us to believe that an orphan is ours."""
        return str(self.home)

    @property
    def socket_path(self) -> Path:
        return self.sockets / self.socket_name

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the server and wait until it answers; InfrastructureError says what to mend."""
        with self._turn:
            if self.pid is None:
                self._start()

    def _start(self) -> None:
        try:
            self.home.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            self._end_orphan()
            self.prepare()
            self._launch()
        except OSError as error:
            self._release_lock()
            raise explain_os_error(error, self.title, self.home) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server (nothing is lost) and let go of its data folder. May be called twice."""
        with self._turn:
            self._stop()

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for number, seconds in self.ending:
                if process.poll() is None:
                    process.send_signal(number)
                try:
                    process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._mark_path.unlink(missing_ok=True)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        self._release_lock()

    def kill(self) -> None:
        """End the server as a power cut would (for tests); `start()` afterwards recovers."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- inside --------------------------------------------------------------------------------------------
    def _take_lock(self) -> None:
        """The lock is the kernel's (flock): a killed owner cannot leave it behind."""
        if self._lock is not None:
            return
        handle = self._lock_path.open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise InfrastructureError(
                f"{self.title} in {self.home} is in use by another running cxloop of this checkout; "
                "stop that one first (`cxloop stop`, or Ctrl-C where it runs)."
            ) from None
        self._lock = handle

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _end_orphan(self) -> None:
        """We hold the lock, so a server still running here was left by a killed run."""
        left = ProcessMark.load(self._mark_path)
        if left is not None and left.is_running() and not end_marked(left, self.ending):
            raise InfrastructureError(
                f"{self.title} of an earlier run (process {left.pid}) does not end; kill it and try again."
            )
        self._mark_path.unlink(missing_ok=True)

    def _launch(self) -> None:
        argv, options = self.command()
        self.socket_path.unlink(missing_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_KEPT_BYTES:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        with self.log.open("ab") as log:
            written = log.tell()
            self._process = process = start_owned(
                argv, death_signal=self.ending[0][0], stdout=log, stderr=subprocess.STDOUT, **options
            )
        mark(process.pid, self.mark_word).save(self._mark_path)
        ready = wait_until(lambda: process.poll() is not None or self.is_ready(), self.start_seconds)
        if process.poll() is not None:
            with self.log.open("rb") as log:
                log.seek(written)
                raise InfrastructureError(self.explain_failure(log.read(20_000).decode(errors="replace")))
        if not ready:
            raise InfrastructureError(f"{self.title} did not answer within {self.start_seconds:.0f} s; see {self.log}.")


def answers(path: Path, question: bytes, expected: bytes) -> bool:
    """Whether a unix socket answers `question` with something that begins with `expected`."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(2)
        link.connect(str(path))
        link.sendall(question)
        return link.recv(64).startswith(expected)
    return False
