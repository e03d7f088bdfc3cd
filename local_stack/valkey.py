"""Embedded Valkey: the bundled (or found) program on one private unix socket, with its append-only file on.

Nothing that matters lives here alone (PostgreSQL is the record); the append-only file spares a restart the
work of waking everything up again.
"""

from __future__ import annotations

from urllib.parse import quote

from local_stack.binaries import find_valkey
from local_stack.embedded import EmbeddedServer, answers


class EmbeddedValkey(EmbeddedServer):
    """A Valkey of our own in `home`. `with EmbeddedValkey(path) as server: server.url()`."""

    title = "The embedded Valkey"
    socket_name = "valkey.sock"

    def url(self, database: int = 0) -> str:
        """A URL redis-py understands: unix:///path/valkey.sock?db=0."""
        return f"unix://{quote(str(self.socket_path), safe='/')}?db={database}"

    def prepare(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> tuple[list[str], dict[str, object]]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "set-proc-title": "no",  # the command line must keep naming the data folder
            "loglevel": "warning",
        }
        argv = [str(find_valkey())]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        return argv, {"cwd": "/"}

    def is_ready(self) -> bool:
        return answers(self.socket_path, b"PING\r\n", b"+PONG")

    def explain_failure(self, last_lines: str) -> str:
        if "Bad file format reading the append only file" in last_lines:
            return (
                f"{self.title} cannot read its append-only file in {self.home}: move the folder away; "
                "nothing is lost, because PostgreSQL holds the record."
            )
        if "Can't handle RDB format" in last_lines or "Unsupported" in last_lines:
            return f"The data in {self.home} was made by another server version: move it away; nothing is lost."
        return super().explain_failure(last_lines)
