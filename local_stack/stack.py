"""A whole cxloop on this machine: servers, tables, receivers, every process; the way up and the way down.

    async with Stack("up", tell=print) as stack:
        stack.gateway_url ...

1. Take the lock of the use (`.local/up/stack.lock`); end what a killed run left.
2. Start the servers (embedded, or check the given ones) and bring the tables up to date.
3. Start the mailbox and webhook inbox, then every process of `processes.py`, and wait until all are ready.
4. Write `run.json` (mode 600), by which `cxloop stop`, `keys` and `events` find the running stack.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from local_stack.addresses import LOOPBACK, demanded_port, free_port, held_socket
from local_stack.binaries import InfrastructureError
from local_stack.embedded import explain_os_error, private_folder, socket_folder
from local_stack.infrastructure import Servers, servers_for
from local_stack.keyring import keyring, write_private
from local_stack.ownership import ProcessMark, mark
from local_stack.places import LOCAL, ROOT
from local_stack.processes import PROCESSES, Process, role_of
from local_stack.supervisor import Supervisor, Task

GATEWAY_PORT = 8080
WATCH_EVERY_S = 0.2
LONGEST_PROCESS = max((process.name for process in PROCESSES), key=len) + ".sock"
MIGRATION_FOLDERS = "*/migrations/versions/*.py", "shared/*/migrations/versions/*.py"


class Stack:
    """One running cxloop. `use` names its folder under .local, so `up` and `demo` never share data."""

    def __init__(
        self,
        use: str = "up",
        *,
        home: Path | None = None,
        port: int | None = None,
        traces: bool = False,
        environment: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.use = use
        self.home = home or LOCAL / use
        self.tell = tell
        self.environment: dict[str, str] = {}
        self.gateway_url = self.mailbox_url = self.inbox_url = ""
        self.servers: Servers | None = None
        self._given = dict(os.environ if environment is None else environment)
        self._port = port
        self._traces = traces
        self._lock: IO[str] | None = None
        self._door: socket.socket | None = None
        self._sockets: Path | None = None
        self._supervisor = Supervisor(self.home, tell=self._tell_crash)
        self._addresses: dict[str, str] = {}
        self._ready = False
        self._watcher: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """All of it, until every process is ready. Raises InfrastructureError with one helpful sentence."""
        try:
            private_folder(self.home)
            self._take_lock()
            if left := self._supervisor.end_leftovers():
                self.tell(f"ended {left} processes that an earlier run had left")
            self._start_servers()
            self.environment = self._common_environment()
            self._hand_out_addresses()
            await self._migrate()
            begun = time.monotonic()
            self._supervisor.start([*self._receivers(), *(self._task(process) for process in PROCESSES)])
            await self._supervisor.wait_ready()
            self._ready = True
            self.tell(f"{len(PROCESSES)} processes are ready ({time.monotonic() - begun:.1f} s)")
            self._write_run()
            self._watcher = asyncio.create_task(self._keep_servers(), name="keep servers")
        except OSError as error:
            await self.stop()
            raise explain_os_error(error, "cxloop", self.home) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Everything off, in seconds; nothing is left running. May be called twice."""
        self._ready = False
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
            self._watcher = None
        if self._lock is not None:
            (self.home / "run.json").unlink(missing_ok=True)
        await self._supervisor.stop()
        if self.servers is not None:
            self.servers.stop()
            self.servers = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- steps --------------------------------------------------------------------------------------------------
    def _tell_crash(self, line: str) -> None:
        if self._ready or "ended" in line:
            self.tell(line)

    def _take_lock(self) -> None:
        handle = (self.home / "stack.lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            running = running_stack(self.home)
            where = f" at {running['gateway_url']}" if running else ""
            raise InfrastructureError(
                f"cxloop ({self.use}) of this folder is running already{where}: use that one, or end it with "
                "`make stop`."
            ) from None
        self._lock = handle

    def _start_servers(self) -> None:
        begun = time.monotonic()
        self.servers = servers_for(self.home, self._given)
        self.servers.start()
        self.tell(f"{self.servers.describe()} ({time.monotonic() - begun:.1f} s)")

    async def _keep_servers(self) -> None:
        """Start an embedded server again when it was killed; services wait for it at the same address."""
        assert self.servers is not None
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            for server in self.servers.fallen():
                self.tell(f"{server.title} ended; starting it again")
                try:
                    await asyncio.to_thread(server.start)
                except InfrastructureError as failure:
                    self.tell(f"it ended again: {failure}")
                    await asyncio.sleep(1.0)

    def _common_environment(self) -> dict[str, str]:
        assert self.servers is not None
        calm = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"}
        return {
            **calm,  # seven processes share this machine: one thread each for matrix work, few memory arenas
            **self._given,
            **keyring(self.home / "secrets.json", self._given),
            **self.servers.environment,
        }

    def _hand_out_addresses(self) -> None:
        self._sockets = folder = socket_folder(self.home / "processes", LONGEST_PROCESS)
        port = demanded_port(self._port, "the gateway") if self._port else self._same_port("gateway", GATEWAY_PORT)
        # Held from now on: two stacks that start together never meet, and a restarting gateway refuses nobody.
        try:
            self._door = held_socket(port)
        except OSError:  # taken in this very moment
            self._door = held_socket(0 if not self._port else port)
        port = self._door.getsockname()[1]
        self._keep_port("gateway", port)
        self.gateway_url = f"http://{LOOPBACK}:{port}"
        for process in PROCESSES:
            if process.kind == "gateway":
                self._addresses[process.name] = f"tcp://{LOOPBACK}:{port}"
            else:
                self._addresses[process.name] = f"unix://{folder / process.name}.sock"
        self.environment.setdefault("PUBLIC_URL", self.gateway_url)

    def _same_port(self, name: str, otherwise: int = 0) -> int:
        """The port of the last run if it is free, so that bookmarks and stored webhook addresses stay true."""
        kept = _read_json(self.home / "ports.json")
        port = free_port((int(kept.get(name, 0)), otherwise))
        self._keep_port(name, port)
        return port

    def _keep_port(self, name: str, port: int) -> None:
        path = self.home / "ports.json"
        write_private(path, {**_read_json(path), name: port})

    async def _migrate(self) -> None:
        """Bring the tables up to date, unless nothing changed since the last time on these very data."""
        assert self.servers is not None
        if not self.servers.owner_url:
            self.tell("DATABASE_URL is not set: the tables are taken as they are (`cxloop migrate` needs it)")
            return
        state = self._migration_state()
        if state and _read_json(self.home / "migrated.json").get("state") == state:
            return
        begun = time.monotonic()
        logins = ["--logins"] if self.servers.postgres is not None else []
        argv = [sys.executable, "-m", "local_stack", "migrate", "--quiet", *logins]
        log = self._supervisor.log_of("migrate")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            migrating = await asyncio.create_subprocess_exec(
                *argv,
                env={**self.environment, "DATABASE_URL": self.servers.owner_url},
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                code = await migrating.wait()
            except asyncio.CancelledError:  # Ctrl-C: what was not committed is not there
                migrating.kill()
                await migrating.wait()
                raise
        if code != 0:
            last = (log.read_text(errors="replace").strip().splitlines() or ["no reason given"])[-1]
            if "Can't locate revision" in last:
                raise InfrastructureError(
                    f"The tables in {self.home} were made by a newer cxloop than this one: check that version out "
                    f"again, or move the data away (mv {self.home} {self.home}.newer) to begin anew."
                )
            raise InfrastructureError(f"The tables could not be brought up to date ({last[:300]}); see {log}.")
        write_private(self.home / "migrated.json", {"state": state})
        self.tell(f"tables are up to date ({time.monotonic() - begun:.1f} s)")

    def _migration_state(self) -> str:
        """A hash of every migration and of the identity of the embedded data; empty for given servers."""
        assert self.servers is not None
        if self.servers.postgres is None:
            return ""
        status = (self.servers.postgres.data / "PG_VERSION").stat()
        total = hashlib.sha256(f"logins {status.st_dev} {status.st_ino} {status.st_mtime_ns}".encode())
        for pattern in (*MIGRATION_FOLDERS, "shared/database/migrate.py"):
            for path in sorted(ROOT.glob(pattern)):
                total.update(path.name.encode() + path.read_bytes())
        return total.hexdigest()

    def _receivers(self) -> list[Task]:
        """The mail server and webhook receiver; left out where the environment names a mail server of its own."""
        if self._given.get("LOOP_SMTP_HOST") or self._given.get("SMTP_HOST"):
            return []
        smtp, http = self._same_port("smtp"), self._same_port("outside")
        outside = f"{LOOPBACK}:{http}"
        self.mailbox_url, self.inbox_url = f"http://{outside}/mailbox", f"http://{outside}/inbox"
        allowed = self._given.get("LOOP_WEBHOOK_ALLOWED_HOSTS") or self._given.get("WEBHOOK_ALLOWED_HOSTS", "")
        self.environment.update(
            LOOP_SMTP_HOST=LOOPBACK,
            LOOP_SMTP_PORT=str(smtp),
            # The one private address that webhooks may be sent to, beside those a person allows by name.
            LOOP_WEBHOOK_ALLOWED_HOSTS=",".join(filter(None, (allowed, outside))),
        )
        argv = [sys.executable, "-m", "local_stack.receivers", str(self.home / "outside"), str(smtp), str(http)]
        return [Task("receivers", argv, self.environment, f"http://{outside}")]

    def _task(self, process: Process) -> Task:
        address = self._addresses[process.name]
        own = {process.address_variable: address}
        own |= {variable: self._addresses[name] for variable, name in process.upstreams}
        own["INSTANCE_NAME"] = process.name
        if self._traces:
            (self.home / "traces").mkdir(exist_ok=True)
            own["OTEL_TRACES_FILE"] = str(self.home / "traces" / f"{process.name}.jsonl")
        inherited: tuple[int, ...] = ()
        if process.kind == "gateway" and self._door is not None:
            inherited = (self._door.fileno(),)
            own[process.address_variable] = f"fd://{self._door.fileno()}"
        common = dict(self.environment)
        if self.servers is not None and self.servers.postgres is not None:
            # Each service logs in as itself; the owner's URL is for migrations and the person at the keyboard.
            del common["DATABASE_URL"]
            own[f"{process.service.upper()}_DATABASE_URL"] = self.servers.postgres.url(user=role_of(process.service))
        argv = [sys.executable, *process.arguments]
        return Task(process.name, argv, {**common, **own}, address, process.health_path, inherited)

    def _write_run(self) -> None:
        told = {name: value for name, value in self.environment.items() if self._given.get(name) != value}
        write_private(
            self.home / "run.json",
            {
                "process": asdict(mark(os.getpid(), "")),
                "use": self.use,
                "gateway_url": self.gateway_url,
                "mailbox_url": self.mailbox_url,
                "inbox_url": self.inbox_url,
                "environment": told,
            },
        )


def _read_json(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text())
        return content if isinstance(content, dict) else {}
    return {}


def running_stack(home: Path) -> dict[str, Any] | None:
    """What `run.json` says about the stack of `home`, if it really runs."""
    content = _read_json(home / "run.json")
    return content if content and _process_of(content).is_running() else None


def _process_of(run: Mapping[str, Any]) -> ProcessMark:
    return ProcessMark(**run["process"])


def stop_stack(home: Path, seconds: float = 40.0) -> bool:
    """Ask the running stack of `home` to end and wait for it; False when none runs."""
    run = running_stack(home)
    if run is None:
        return False
    process = _process_of(run)
    process.signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while process.is_running():
        if time.monotonic() > deadline:
            raise InfrastructureError(
                f"cxloop (process {process.pid}) does not end; kill it: the next start cleans up."
            )
        time.sleep(0.05)
    return True


async def until_signal(stack: Stack, ready: Callable[[Stack], None]) -> None:
    """Start, say so by `ready`, and run until Ctrl-C, SIGTERM or SIGHUP; a signal while starting ends it too."""
    wanted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, wanted.set)
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(wanted.wait())
    try:
        await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return
        await starting
        ready(stack)
        await waiting
    finally:
        waiting.cancel()
        await stack.stop()
