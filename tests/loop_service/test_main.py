"""`python -m loop_service`: three roles, and words where the call or the settings are wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from loop_service.__main__ import main
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import IDENTITY_SECRET

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("arguments", [[], ["serve"], ["api", "worker"]])
def test_a_wrong_call_says_what_is_right(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "api | worker | migrate" in capsys.readouterr().err


def test_wrong_settings_say_which(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "IDENTITY_SECRET"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"LOOP_{name}", raising=False)
    assert main(["api"]) == 2
    assert "LOOP_DATABASE_URL" in capsys.readouterr().err


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_a_role_runs_as_a_process_until_it_is_told_to_end(servers: Servers, role: str) -> None:
    socket = f"{servers.folder}/main-{role}.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loop_service",
        role,
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "IDENTITY_SECRET": IDENTITY_SECRET,
            "LISTEN": f"unix://{socket}",
            "ADMIN_LISTEN": f"unix://{socket}" if role == "worker" else "",
        },
    )

    async def ready() -> bool:
        assert process.returncode is None
        try:
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session,
                session.get("http://service/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    try:
        await until(ready, what=f"the {role} being ready")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_migrate_finds_nothing_to_do_twice(servers: Servers) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loop_service",
        "migrate",
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "IDENTITY_SECRET": IDENTITY_SECRET,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    assert (process.returncode, told) == (0, b"")
