"""The demo around the stack: what it leaves alone when it cannot start."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.binaries import InfrastructureError
from local_stack.demo import run
from local_stack.stack import Stack


def test_a_refused_demo_leaves_the_keys_of_the_running_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def refused(_: Stack) -> None:
        raise InfrastructureError("cxloop (demo) of this folder is running already")

    monkeypatch.setattr(run, "LOCAL", tmp_path)
    monkeypatch.setattr(Stack, "start", refused)
    keys = tmp_path / "demo.json"
    keys.write_text("{}")

    assert run.run_demo(once=True) == 1
    assert keys.exists()
