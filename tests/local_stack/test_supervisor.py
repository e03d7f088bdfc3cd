"""Processes under supervision: ready, restarted after a crash, stopped for certain."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from local_stack import supervisor as supervision
from local_stack.binaries import InfrastructureError
from local_stack.ownership import mark, start_owned, start_time, wait_until
from local_stack.supervisor import Supervisor, Task

SERVER = """
import http.server, socketserver, os, signal, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *words): pass
    def address_string(self): return "unix"
class Server(socketserver.UnixStreamServer):
    def get_request(self):
        link, _ = super().get_request()
        return link, ("unix", 0)
if len(sys.argv) > 2:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.path.exists(sys.argv[1]): os.unlink(sys.argv[1])
Server(sys.argv[1], Answer).serve_forever()
"""


async def until(condition: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def server_task(tmp_path: Path, *words: str) -> Task:
    socket = tmp_path / "s.sock"
    return Task("server", [sys.executable, "-c", SERVER, str(socket), *words], dict(os.environ), f"unix://{socket}")


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    made = Supervisor(tmp_path / "home")
    (tmp_path / "home").mkdir()
    yield made
    await made.stop()


async def test_ready_then_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([server_task(tmp_path)])
    await supervisor.wait_ready(20)
    pid = supervisor.running["server"].process.pid
    assert (tmp_path / "home" / "pids" / "server.json").exists()
    await supervisor.stop()
    assert start_time(pid) == ""
    assert not list((tmp_path / "home" / "pids").iterdir())


async def test_a_killed_process_comes_back(supervisor: Supervisor, tmp_path: Path) -> None:
    told: list[str] = []
    supervisor.tell = told.append
    supervisor.start([server_task(tmp_path)])
    await supervisor.wait_ready(20)
    one = supervisor.running["server"]
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: one.restarts == 1, seconds=10)
    assert one.process.pid != first
    assert any("SIGKILL" in line and "again in 0.2 s" in line for line in told)


async def test_one_that_cannot_start_is_named_with_its_last_words(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "PAUSES_S", (0.05,))
    code = "import sys; print('needs a moon', file=sys.stderr); sys.exit(3)"
    supervisor.start([Task("moonlit", [sys.executable, "-c", code], dict(os.environ), "unix:///nowhere.sock")])
    with pytest.raises(InfrastructureError, match=r"moonlit does not start.*moonlit\.log.*needs a moon"):
        await supervisor.wait_ready(20)


async def test_one_that_never_answers_is_said(supervisor: Supervisor) -> None:
    code = "import time; time.sleep(600)"
    supervisor.start([Task("silent", [sys.executable, "-c", code], dict(os.environ), "unix:///nowhere.sock")])
    with pytest.raises(InfrastructureError, match="silent was not ready within 0 s"):
        await supervisor.wait_ready(0.1)


async def test_one_that_ignores_sigterm_is_ended_all_the_same(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "GENTLE_S", 0.2)
    supervisor.start([server_task(tmp_path, "stubborn")])
    await supervisor.wait_ready(20)
    pid = supervisor.running["server"].process.pid
    await supervisor.stop()
    assert start_time(pid) == ""


async def test_what_a_killed_run_left_is_ended_and_strangers_are_not(supervisor: Supervisor, tmp_path: Path) -> None:
    left = start_owned([sys.executable, "-c", "import time; time.sleep(600)"])
    stranger = start_owned([sys.executable, "-c", "import time; time.sleep(601)"])
    pids = tmp_path / "home" / "pids"
    mark(left.pid, "time.sleep(600)").save(pids / "left.json")
    mark(stranger.pid, "another word").save(pids / "stranger.json")
    assert supervisor.end_leftovers() == 1
    assert wait_until(lambda: left.poll() is not None, 5)
    assert stranger.poll() is None
    assert not list(pids.iterdir())
    stranger.kill()
    stranger.wait()
