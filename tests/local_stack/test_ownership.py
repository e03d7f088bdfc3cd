"""Only processes that are provably ours are ever signalled."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from local_stack.ownership import ProcessMark, end_marked, mark, start_owned, start_time, wait_until
from local_stack.places import ROOT

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_mark_recognises_its_process_and_no_other(tmp_path: Path) -> None:
    child = subprocess.Popen(SLEEP)
    try:
        made = mark(child.pid, "time.sleep(600)")
        made.save(tmp_path / "pids" / "one.json")
        kept = ProcessMark.load(tmp_path / "pids" / "one.json")
        assert kept == made
        assert wait_until(made.is_running, 5)  # between fork and exec a process shows no command line
        assert not dataclasses.replace(made, started="another boot/1").is_running()
        assert not dataclasses.replace(made, word="postgres").is_running()
        dataclasses.replace(made, started="another boot/1").signal(signal.SIGKILL)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
    assert start_time(child.pid) == ""


def test_a_broken_pid_file_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"pid": 1')
    assert ProcessMark.load(tmp_path / "broken.json") is None
    assert ProcessMark.load(tmp_path / "missing.json") is None


def test_ending_goes_from_gentle_to_certain() -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    )
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    made = mark(child.pid, "time.sleep(600)")
    assert end_marked(made, ((signal.SIGTERM, 0.1), (signal.SIGKILL, 5.0)))
    child.wait()
    child.stdout.close()


def test_a_child_started_from_a_short_lived_thread_lives_on() -> None:
    started: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: started.append(start_owned(SLEEP)))
    thread.start()
    thread.join()
    (child,) = started
    try:
        assert child.poll() is None
        assert os.getpgid(child.pid) == child.pid
    finally:
        child.kill()
        child.wait()


def test_children_die_with_a_killed_parent() -> None:
    code = f"""
import time
from local_stack.ownership import start_owned
print(start_owned({SLEEP!r}).pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert start_time(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: start_time(child) == "", 10)
