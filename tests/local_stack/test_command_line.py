"""The cxloop command: help for everything, sentences instead of tracebacks, commands against embedded servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_stack.__main__ import app
from local_stack.addresses import free_port
from local_stack.doctor import examine
from local_stack.places import ROOT
from tests.support.servers import Servers

COMMANDS = (
    "up",
    "keys",
    "members",
    "organizations",
    "demo",
    "stop",
    "doctor",
    "migrate",
    "events",
    "openapi",
    "env-example",
    "new-env",
)


def cxloop(local: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, with a `.local` of its own and no servers given."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("DATABASE_URL", "REDIS_URL"))}
    return subprocess.run(
        [sys.executable, "-m", "local_stack", *words],
        env={**kept, "CXLOOP_LOCAL": str(local), "NO_COLOR": "1", "COLUMNS": "200", **environment},
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip


def test_every_command_explains_itself() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["--help"]).output
    for command in COMMANDS:
        assert command in listed
        assert runner.invoke(app, [command, "--help"]).exit_code == 0


def test_make_explains_itself_and_knows_every_command() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "up", "test", "check", "bench", "doctor", "stop", "lock", "clean", "FILE=", "MAP=", "ONCE="):
        assert target in said


def test_commands_work_before_the_first_start_and_leave_nothing_running(tmp_path: Path) -> None:
    asked = cxloop(tmp_path, "keys", "create", "--help")
    assert "--new-organization" in asked.stdout
    made = cxloop(tmp_path, "keys", "create", "--new-organization", "Example")
    assert made.returncode == 0, made.stderr
    assert "cxl_sk_" in made.stdout
    listed = cxloop(tmp_path, "events", "dead")
    assert (listed.returncode, listed.stdout) == (0, "Nothing is dead.\n"), listed.stderr
    assert cxloop(tmp_path, "stop").stdout == "Nothing was running.\n"
    assert not (tmp_path / "up" / "postgres" / "postmaster.pid").exists()


def test_a_failure_is_one_sentence(tmp_path: Path) -> None:
    failed = cxloop(tmp_path, "up", DATABASE_URL=f"postgresql://me:hunter2@127.0.0.1:{free_port()}/db")
    assert failed.returncode == 1
    assert "Nothing answers where DATABASE_URL points" in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr


def test_replaying_everything_must_be_meant() -> None:
    assert CliRunner().invoke(app, ["events", "replay"]).exit_code == 2


def words_of(verdict: str, environment: dict[str, str]) -> str:
    return "\n".join(finding.words for finding in examine(environment) if finding.verdict == verdict)


def test_the_doctor_finds_a_healthy_machine_healthy(servers: Servers) -> None:
    assert words_of("bad", {}) == ""
    given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    assert words_of("bad", given) == ""
    assert "DATABASE_URL answers" in words_of("ok", given)
    assert "tables are up to date" in words_of("ok", given)


def test_the_doctor_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, servers: Servers) -> None:
    assert "REDIS_URL points" in words_of("bad", {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    assert "are behind" in words_of("note", {"DATABASE_URL": servers.postgres.url("postgres")})
    monkeypatch.setenv("CXLOOP_POSTGRES_BIN", "/nowhere")
    assert "CXLOOP_POSTGRES_BIN" in words_of("bad", {})


def test_the_doctor_checks_the_settings_of_production_without_showing_values() -> None:
    production = {**os.environ, "ENVIRONMENT": "production", "IDENTITY_SECRET": "tooshort-hunter2"}
    said = words_of("bad", production)
    assert "Settings of gateway" in said
    assert "IDENTITY_SECRET" in said
    assert "hunter2" not in said
