"""Embedded PostgreSQL: durable, private, and not to be blocked by what an earlier run left."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from local_stack.infrastructure import EmbeddedPostgres, InfrastructureError
from local_stack.ownership import start_time, wait_until
from local_stack.places import ROOT


def ask(server: EmbeddedPostgres, question: str, database: str = "cxloop") -> object:
    async def run() -> object:
        connection = await asyncpg.connect(server.url(database))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture
def server(tmp_path: Path) -> EmbeddedPostgres:
    """Without fsync, which most of these tests do not need."""
    return EmbeddedPostgres(tmp_path / "postgres", fsync=False)


@pytest.fixture
def durable(tmp_path: Path) -> EmbeddedPostgres:
    """As a stack starts it."""
    return EmbeddedPostgres(tmp_path / "postgres")


def test_serves_on_a_private_socket_and_no_port(durable: EmbeddedPostgres) -> None:
    with durable:
        assert ask(durable, "SELECT lower('ÄÖ')") == "äö"
        assert ask(durable, "SHOW listen_addresses") == ""
        assert ask(durable, "SHOW fsync") == "on"
        assert ask(durable, "SHOW synchronous_commit") == "on"
        assert durable.sockets.stat().st_mode & 0o777 == 0o700
        assert durable.pid is not None
        pid = durable.pid
    assert durable.pid is None
    assert start_time(pid) == ""


def test_what_was_committed_survives_a_power_cut(durable: EmbeddedPostgres) -> None:
    with durable:
        ask(durable, "CREATE TABLE kept (n int)")
        ask(durable, "INSERT INTO kept VALUES (7)")
        durable.kill()
        durable.start()
        assert ask(durable, "SELECT n FROM kept") == 7


def test_a_second_start_on_the_same_data_is_refused_with_a_sentence(server: EmbeddedPostgres) -> None:
    with server, pytest.raises(InfrastructureError, match=r"in use by another running cxloop.*cxloop stop"):
        EmbeddedPostgres(server.home).start()


def test_a_stale_pid_file_that_names_a_stranger_does_not_block(server: EmbeddedPostgres) -> None:
    with server:
        pass
    pid_file = server.data / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{server.data}\n1700000000\n5432\n{server.sockets}\n\n  0 0\nready   \n")
    with server:
        assert ask(server, "SELECT 1") == 1


def test_data_of_another_version_is_named_with_the_way_out(server: EmbeddedPostgres) -> None:
    with server:
        pass
    (server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(InfrastructureError, match=r"made by PostgreSQL 13.*move it away.*CXLOOP_POSTGRES_BIN"):
        server.start()


def test_files_of_something_else_are_never_overwritten(server: EmbeddedPostgres) -> None:
    server.home.mkdir()
    (server.home / "letter.txt").write_text("mine")
    with pytest.raises(InfrastructureError, match="not PostgreSQL's"):
        server.start()
    assert (server.home / "letter.txt").read_text() == "mine"


def test_a_half_made_cluster_is_made_anew(server: EmbeddedPostgres) -> None:
    half = server.home.with_name("postgres.new-99999")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with server:
        assert ask(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_full_disk_and_a_closed_folder_are_explained(server: EmbeddedPostgres) -> None:
    assert "disk is full" in server.explain_failure("could not write: No space left on device").lower()
    assert "may not read or write" in server.explain_failure("could not open file: Permission denied")


OWNER = """
import sys, time, pathlib
from local_stack.infrastructure import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


def test_it_dies_with_its_killed_owner_and_the_next_start_works(server: EmbeddedPostgres) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(server.home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait(10)
    owner.stdout.close()
    with server:
        assert ask(server, "SELECT 1") == 1
    assert wait_until(lambda: start_time(pid) == "", 10)


def test_without_user_namespaces_root_runs_it_as_another_account(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", allow_namespace=False)
    with server:
        assert ask(server, "SELECT 1") == 1
        # An ordinary user needs no other account; root must not own what the server runs on.
        assert (server.data.stat().st_uid == 0) is False
        server.kill()
        server.start()
        assert ask(server, "SELECT 1") == 1
    for note in Path("/var/tmp").glob("cxloop-*/belongs-to"):
        if str(tmp_path) in note.read_text():
            shutil.rmtree(note.parent)
