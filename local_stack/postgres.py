"""Embedded PostgreSQL: the bundled (or found) programs, data under .local, one private unix socket, no port.

Durable as in production: fsync and synchronous_commit stay on, so what was acknowledged was committed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from local_stack.binaries import InfrastructureError, PostgresBinaries, find_postgres
from local_stack.embedded import EmbeddedServer, answers, explain_os_error
from local_stack.unprivileged import (
    Guise,
    choose_guise,
    data_home,
    hand_over,
    open_shelter,
    within_reach,
)

SUPERUSER = "cxloop"
DATABASE = "cxloop"
# SSLRequest (length 8, code 80877103): every PostgreSQL answers one byte, S or N, before any login.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
LEAST_SHARED_MEMORY = 256 * 1024 * 1024


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL of our own in `home`. `with EmbeddedPostgres(path) as server: server.url("mydb")`."""

    title = "The embedded PostgreSQL"
    socket_name = ".s.PGSQL.5432"
    # SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything committed is flushed.
    ending: Sequence[tuple[int, float]] = (
        (signal.SIGINT, 15.0),
        (signal.SIGQUIT, 5.0),
        (signal.SIGKILL, 5.0),
    )

    def __init__(
        self,
        home: Path,
        *,
        log: Path | None = None,
        fsync: bool = True,
        max_connections: int = 200,
        binaries: PostgresBinaries | None = None,
        allow_namespace: bool = True,
    ) -> None:
        """`home` becomes the data folder. `fsync=False` is for tests that do not test durability."""
        super().__init__(home, log=log)
        self._fsync = fsync
        self._max_connections = max_connections
        self._binaries = binaries
        self._allow_namespace = allow_namespace
        self._guise = Guise()
        self._data = self.home

    @property
    def data(self) -> Path:
        """The data folder in use (`home`, unless root had to place it within another account's reach)."""
        return self._data

    @property
    def mark_word(self) -> str:
        return str(self._data)

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """A URL asyncpg and SQLAlchemy understand: postgresql://user@/database?host=/socket/folder."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self.sockets), safe='/')}"

    # -- EmbeddedServer ------------------------------------------------------------------------------------
    def prepare(self) -> None:
        self._guise = choose_guise(allow_namespace=self._allow_namespace)
        binaries = self._binaries or find_postgres()
        self._data = self.home
        if self._guise.account is not None:
            shelter = open_shelter(self.home, hashlib.sha256(str(self.home).encode()).hexdigest()[:10])
            binaries = within_reach(self._guise, binaries, shelter)
            self._data = data_home(self._guise, self.home, shelter)
            self._socket_folder_for(shelter)
        self._binaries = binaries
        if (self._data / "PG_VERSION").exists():
            self._examine_data(binaries)
        else:
            self._create(binaries)

    def command(self) -> tuple[list[str], dict[str, object]]:
        assert self._binaries is not None
        argv = [*self._guise.prefix, str(self._binaries.postgres), "-D", str(self._data)]
        for name, value in self._settings().items():
            argv += ["-c", f"{name}={value}"]
        return argv, {"cwd": "/", "env": self._environment(), **self._guise.options}

    def is_ready(self) -> bool:
        # The last line of postmaster.pid says "ready" once recovery is over; the socket answers earlier.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ready = len(lines) >= 8 and lines[7].strip() == "ready" and lines[0].strip() == str(self.pid)
        return ready and (answers(self.socket_path, SSL_REQUEST, b"N") or answers(self.socket_path, SSL_REQUEST, b"S"))

    def explain_failure(self, last_lines: str) -> str:
        if "database files are incompatible" in last_lines:
            return self._wrong_version("another version or build")
        if "lock file" in last_lines and "already exists" in last_lines:
            return f"{self.title}: another server uses {self._data}; stop it (postmaster.pid there names it)."
        if "could not create shared memory" in last_lines or "pre-existing shared memory" in last_lines:
            return f"{self.title}: the server of an earlier run is still ending; try again in a few seconds."
        return super().explain_failure(last_lines)

    # -- inside --------------------------------------------------------------------------------------------
    def _settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "fsync": "on" if self._fsync else "off",
            "synchronous_commit": "on" if self._fsync else "off",
            "full_page_writes": "on" if self._fsync else "off",
            "max_connections": str(self._max_connections),
            "shared_buffers": "128MB",
            "max_wal_size": "1GB",
            "checkpoint_timeout": "15min",
            "wal_level": "minimal",  # no replicas here: less to write, the same durability
            "max_wal_senders": "0",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and error details hold people's words: they stay out of the log.
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "cluster_name": "cxloop",
        }
        with contextlib.suppress(OSError):
            shared_memory = os.statvfs("/dev/shm")  # noqa: S108 - asked for its size only
            if shared_memory.f_bavail * shared_memory.f_frsize < LEAST_SHARED_MEMORY:
                settings["dynamic_shared_memory_type"] = "mmap"
        return settings

    def _environment(self) -> dict[str, str]:
        """A clean environment: PG* variables of the person's shell must not leak into our server."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, "LC_ALL": "C", "TZ": "UTC"}

    def _socket_folder_for(self, shelter: Path) -> None:
        """The server runs as another account: its socket folder must be that account's, within its reach."""
        sockets = shelter / "run"
        hand_over(self._guise, sockets)
        self._sockets = sockets

    def _wrong_version(self, found: str) -> str:
        assert self._binaries is not None
        return (
            f"The data in {self._data} was made by PostgreSQL {found}, but {self._binaries.major} is in use: "
            f"move it away (mv {self._data} {self._data}.old) to begin anew, or set CXLOOP_POSTGRES_BIN to "
            "the bin folder of the version that made it."
        )

    def _examine_data(self, binaries: PostgresBinaries) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != str(binaries.major):
            raise InfrastructureError(self._wrong_version(made_by))
        if self._guise.account is None and self._data.stat().st_uid != os.geteuid():
            raise InfrastructureError(
                f"{self._data} belongs to another user, and PostgreSQL insists on owning its data: run "
                f"`chown -R $(id -u) {self._data}`, or move the folder away to begin anew."
            )
        self._remove_stale_pid()

    def _remove_stale_pid(self) -> None:
        """PostgreSQL refuses to start while the number in postmaster.pid belongs to any living process.

        We hold the lock and have ended our own orphan: it is stale unless it truly serves this data.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            words = pid_file.read_text().split()
        except OSError:
            return
        pid = int(words[0]) if words and words[0].lstrip("-").isdigit() else 0
        with contextlib.suppress(OSError):
            running = Path(f"/proc/{abs(pid)}/cmdline").read_bytes().decode(errors="replace")
            if "postgres" in running and str(self._data) in running:
                raise InfrastructureError(
                    f"Another PostgreSQL (process {abs(pid)}) serves {self._data}; stop it and try again."
                )
        pid_file.unlink(missing_ok=True)

    def _create(self, binaries: PostgresBinaries) -> None:
        """initdb into a scratch folder, renamed when whole: a killed run never leaves half a cluster."""
        for left in self._data.parent.glob(f"{self._data.name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        if self._data.exists() and any(self._data.iterdir()):
            raise InfrastructureError(
                f"{self._data} holds files that are not PostgreSQL's: move them away and try again."
            )
        scratch = self._data.with_name(f"{self._data.name}.new-{os.getpid()}")
        hand_over(self._guise, scratch)
        locale = ["--locale=C", "--encoding=UTF8"]
        if binaries.major >= 17:  # upper, lower and full text for every script, the same on every system
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *locale]
        self._run(
            [
                str(binaries.initdb),
                "-D",
                str(scratch),
                "-U",
                SUPERUSER,
                "--auth=trust",
                "--no-instructions",
                *([] if self._fsync else ["--no-sync"]),
                *locale,
            ]
        )
        self._run(
            [
                str(binaries.postgres),
                "--single",
                "-D",
                str(scratch),
                *([] if self._fsync else ["-F"]),
                "postgres",
            ],
            question=f"CREATE DATABASE {DATABASE};\n",
        )
        if self._data.exists():
            self._data.rmdir()
        scratch.rename(self._data)

    def _run(self, argv: list[str], question: str = "") -> None:
        done = subprocess.run(
            [*self._guise.prefix, *argv],
            input=question,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=self._environment(),
            timeout=180,
            start_new_session=True,  # Ctrl-C is for us: half a cluster helps nobody
            **self._guise.options,  # type: ignore[call-overload]  # options are user, group, extra_groups or nothing
        )
        if done.returncode != 0:
            try:
                self.log.parent.mkdir(parents=True, exist_ok=True)
                with self.log.open("a") as log:
                    log.write(done.stdout + done.stderr)
            except OSError as error:
                raise explain_os_error(error, self.title, self.log) from error
            raise InfrastructureError(self.explain_failure(done.stderr))
