"""Finding the server programs: a setting wins, and a wrong setting is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack import binaries
from local_stack.binaries import InfrastructureError, find_postgres, find_valkey


def fake_postgres(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_the_setting_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake_postgres(tmp_path / "bin", "17.2")
    monkeypatch.setenv("CXLOOP_POSTGRES_BIN", str(folder))
    found = find_postgres()
    assert (found.folder, found.major, found.origin) == (folder, 17, "CXLOOP_POSTGRES_BIN")


@pytest.mark.parametrize("version", ["9.6.1", "13.2"])
def test_a_setting_that_cannot_work_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("CXLOOP_POSTGRES_BIN", str(fake_postgres(tmp_path / "bin", version)))
    with pytest.raises(InfrastructureError, match="CXLOOP_POSTGRES_BIN does not name"):
        find_postgres()


def test_the_wheel_comes_before_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXLOOP_POSTGRES_BIN", raising=False)
    assert find_postgres().origin == "wheel"


def test_without_the_wheel_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake_postgres(tmp_path / "bin", "16.4")
    monkeypatch.delenv("CXLOOP_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "_wheel_folder", lambda _package: None)
    monkeypatch.setenv("PATH", str(folder))
    assert (find_postgres().major, find_postgres().origin) == (16, "PATH")


def test_nothing_at_all_names_three_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXLOOP_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "_postgres_candidates", list)
    with pytest.raises(InfrastructureError, match=r"make.*CXLOOP_POSTGRES_BIN.*DATABASE_URL"):
        find_postgres()


def test_valkey_by_setting_and_by_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXLOOP_VALKEY_BIN", raising=False)
    assert find_valkey().name == "valkey-server"
    monkeypatch.setenv("CXLOOP_VALKEY_BIN", "/nowhere/valkey-server")
    with pytest.raises(InfrastructureError, match="CXLOOP_VALKEY_BIN does not name"):
        find_valkey()
