"""`python -m <service>`: three roles, and words where the call or the settings are wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from analysis_service.__main__ import main as analysis_main
from ingest_service.__main__ import main as ingest_main
from loop_service.__main__ import main as loop_main
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import IDENTITY_SECRET

ROOT = Path(__file__).resolve().parents[3]
MAINS = {"ingest": ingest_main, "analysis": analysis_main, "loop": loop_main}


@pytest.mark.parametrize("service", MAINS)
@pytest.mark.parametrize("arguments", [[], ["serve"], ["api", "worker"]])
def test_a_wrong_call_says_what_is_right(
    service: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert MAINS[service](arguments) == 2
    assert "api | worker | migrate" in capsys.readouterr().err


@pytest.mark.parametrize("service", MAINS)
def test_wrong_settings_say_which(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "IDENTITY_SECRET"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{service.upper()}_{name}", raising=False)
    assert MAINS[service](["api"]) == 2
    assert f"{service.upper()}_DATABASE_URL" in capsys.readouterr().err


@pytest.mark.parametrize("service", MAINS)
@pytest.mark.parametrize("role", ["api", "worker"])
async def test_a_role_runs_as_a_process_until_it_is_told_to_end(servers: Servers, service: str, role: str) -> None:
    socket = f"{servers.folder}/{service}-{role}.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{service}_service",
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


@pytest.mark.parametrize("service", MAINS)
async def test_migrate_finds_nothing_to_do_twice(servers: Servers, service: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{service}_service",
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
