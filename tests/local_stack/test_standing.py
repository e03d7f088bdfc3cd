"""Commands without a running stack: whose data they are about is said where it could be another's."""

from __future__ import annotations

from pathlib import Path

from local_stack.standing import whose_data


def test_whose_data_a_command_is_about(tmp_path: Path) -> None:
    assert whose_data(tmp_path / "up") == ""
    (tmp_path / "up" / "postgres").mkdir(parents=True)
    assert whose_data(tmp_path / "up") == ""
    (tmp_path / "demo" / "postgres").mkdir(parents=True)
    assert "--of demo" in whose_data(tmp_path / "up")
    assert "--of up" in whose_data(tmp_path / "demo")
