"""Free ports, and asking a process how it is."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local_stack.addresses import demanded_port, fetch, free_port, held_socket, is_free, reachable
from local_stack.binaries import InfrastructureError
from shared.foundation.serving import bind


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_port_in_use_is_passed_over_or_said(taken: int) -> None:
    assert not is_free(taken)
    assert free_port([0, taken]) != taken
    with pytest.raises(InfrastructureError, match=f"Port {taken} for the gateway is in use.*--port"):
        demanded_port(taken, "the gateway")


def test_the_first_free_preference_is_taken() -> None:
    wanted = free_port()
    assert free_port([0, wanted]) == wanted


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_fetch_over_tcp() -> None:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_port}"
        assert fetch(address, "/readyz") == (200, b"hello")
        assert fetch(address, "/other")[0] == 404
        server.shutdown()
    assert fetch(address, "/readyz", timeout=0.5) == (0, b"")


def test_fetch_over_a_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    assert fetch(f"unix://{tmp_path}/no.sock", "/readyz") == (0, b"")


def test_reachable_understands_database_and_queue_urls(taken: int, tmp_path: Path) -> None:
    assert reachable(f"postgresql://u:p@127.0.0.1:{taken}/db", 5432)
    assert reachable("redis://127.0.0.1/0", taken)
    assert not reachable(f"redis://127.0.0.1:{free_port()}/0", 6379, timeout=0.5)
    assert not reachable(f"postgresql://u@/db?host={tmp_path}", 5432)
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5432"))
        listening.listen()
        assert reachable(f"postgresql://u@/db?host={tmp_path}", 5432)
        assert reachable(f"unix://{tmp_path}/.s.PGSQL.5432?db=0", 6379)


def test_a_held_port_cannot_be_taken_and_is_served_by_whoever_inherits_it() -> None:
    with held_socket(0) as door:
        port = door.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(OSError):
            held_socket(port)
        inherited = bind(f"fd://{os.dup(door.fileno())}")
        assert inherited.getsockname()[1] == port
        inherited.close()
