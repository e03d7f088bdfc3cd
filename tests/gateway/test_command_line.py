"""The command line: the first key, members, links, and errors in words; run as a process, as people run it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import pytest

from gateway.accounts.roles import SECRET_SCOPES
from gateway.command_line import duration, main
from shared.foundation.ids import new_id
from tests.gateway.conftest import RunningGateway
from tests.support.servers import Servers
from tests.support.services import SECRETS


async def run(servers: Servers, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """(exit status, standard output, standard error) of `python -m gateway …`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *arguments,
        cwd=Path(__file__).parents[2],
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            **{name.upper(): value for name, value in SECRETS.items()},
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def told(servers: Servers, *arguments: str) -> Any:
    """What a command that succeeds prints with --json."""
    status, out, err = await run(servers, *arguments, "--json")
    assert status == 0, err
    return orjson.loads(out)


async def test_from_nothing_to_a_signed_in_owner(servers: Servers, gateway: RunningGateway) -> None:
    created = await told(servers, "keys", "create", "--new-organization", "Acme", "--expires-in", "90d")
    assert set(created["scopes"]) == SECRET_SCOPES
    api = gateway.with_key(created["key"])
    assert (await api.get("/v1/organization")).json()["name"] == "Acme"
    organization = created["organization_id"]

    await told(servers, "members", "add", "--organization", organization, "--email", "o@example.org", "--name", "O")
    link = await told(
        servers, "members", "sign-in-link", "--organization", organization, "--email", "O@example.org",
        "--reusable", "--expires-in", "30d",
    )  # fmt: skip
    url = urlsplit(link["url"])
    assert (await gateway.api().get(f"{url.path}?{url.query}")).status == 303

    publishable = await told(
        servers,
        "keys",
        "create",
        "--organization",
        organization,
        "--kind",
        "publishable",
        "--origin",
        "https://A.example.com",
    )
    assert publishable["allowed_origins"] == ["https://a.example.com"]

    listed = await told(servers, "keys", "list", "--organization", organization)
    assert [one["id"] for one in listed["keys"]] == [publishable["id"], created["id"]]
    rotated = await told(servers, "keys", "rotate", "--organization", organization, created["id"], "--overlap", "1h")
    assert (await gateway.with_key(rotated["key"]).get("/v1/organization")).status == 200
    revoked = await told(servers, "keys", "revoke", "--organization", organization, rotated["id"])
    assert revoked["revoked_at"]
    lines = (await api.get("/v1/audit-log")).json()["data"]
    assert {line["actor"]["kind"] for line in lines} >= {"system"}


def in_process(servers: Servers, monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str) -> int:
    """The exit status of a command run within the test: a process of its own costs seconds here."""
    values = {"database_url": servers.database_url, "redis_url": servers.redis_url, **SECRETS, **environment}
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), value)
    return main(list(arguments))


def test_for_people(servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_process(servers, monkeypatch, "keys", "create", "--new-organization", "Acme") == 0
    printed = capsys.readouterr()
    assert "cxl_sk_" in printed.out
    assert "shown this once" in printed.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keys", "create", "--organization", str(new_id())], "no such organisation"),
        (["keys", "create", "--new-organization", "A", "--scopes", "everything"], "everything"),
        (["keys", "create", "--new-organization", "A", "--origin", "https://a.example.com"], "publishable"),
        (["keys", "create", "--new-organization", "A", "--kind", "publishable", "--origin", "*"], "wildcard"),
        (["organizations", "create", " "], "1 to 200"),
        (["members", "add", "--organization", str(new_id()), "--email", "x", "--name", "A"], "no such organisation"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    assert in_process(servers, monkeypatch, *arguments) == 2
    assert words in capsys.readouterr().err


def test_missing_settings_are_named_and_secrets_are_not_shown(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert in_process(servers, monkeypatch, "serve", key_pepper="short-pepper") == 2
    told = capsys.readouterr().err
    assert "GATEWAY_KEY_PEPPER" in told
    assert "short-pepper" not in told


def test_a_database_that_is_away_is_told_in_words(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    assert in_process(servers, monkeypatch, "organizations", "create", "A", database_url=away) == 2
    assert "database" in capsys.readouterr().err


def test_durations() -> None:
    assert [duration(text) for text in ("90", "15m", "12h", "2d", "1y")] == [90, 900, 43200, 172800, 31536000]
    for text in ("", "0", "-1", "1w", "1.5h"):
        with pytest.raises(ValueError):
            duration(text)


def test_organisation_ids_are_uuids() -> None:
    assert UUID(str(new_id())).version == 7
