"""Loopback ports that are free, and asking a process over TCP or a unix socket how it is."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from local_stack.binaries import InfrastructureError

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether nobody listens at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: Sequence[int] = ()) -> int:
    """The first free one of `preferred`, else any that the kernel gives."""
    for port in preferred:
        if port and is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as given:
        given.bind((LOOPBACK, 0))
        number: int = given.getsockname()[1]
        return number


def held_socket(port: int) -> socket.socket:
    """Bind and listen at `port` (0: any) and keep it: from here on nobody else can take it. Raises OSError."""
    holding = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind((LOOPBACK, port))
        holding.listen(1024)
    except OSError:
        holding.close()
        raise
    return holding


def demanded_port(port: int, what: str) -> int:
    """A port a person asked for by number. Raises InfrastructureError when it is in use."""
    if not is_free(port):
        raise InfrastructureError(
            f"Port {port} for {what} is in use: end the program that holds it, or ask for another with --port "
            "(without --port a free one is chosen)."
        )
    return port


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def fetch(address: str, path: str, timeout: float = 2.0) -> tuple[int, bytes]:
    """GET `path` from tcp://host:port, http://host:port or unix:///path: (status, body), (0, b"") on no answer."""
    parts = urlsplit(address)
    connection: http.client.HTTPConnection
    if parts.scheme == "unix":
        connection = _UnixConnection(parts.path, timeout)
    else:
        connection = http.client.HTTPConnection(parts.hostname or LOOPBACK, parts.port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(1_000_000)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        with suppress(OSError):
            connection.close()


def reachable(url: str, default_port: int, timeout: float = 3.0) -> bool:
    """Whether something listens where a database or Redis URL points (TCP, or a socket file or folder)."""
    parts = urlsplit(url)
    host = parts.hostname
    query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    unix = parts.path if parts.scheme == "unix" else query.get("host", "")
    if unix.startswith("/"):
        name = unix if parts.scheme == "unix" else f"{unix}/.s.PGSQL.{query.get('port', default_port)}"
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
            tried.settimeout(timeout)
            tried.connect(name)
            return True
        return False
    with (
        suppress(OSError),
        socket.create_connection((host or unix or "localhost", parts.port or default_port), timeout),
    ):
        return True
    return False
