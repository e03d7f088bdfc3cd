"""The gateway's command line: serve, migrate, and what must work before anybody can sign in.

The operator stands outside every organisation: he names one for each command, and what he does is in its audit
trail as done by `system`. A key is printed once; with `--json` everything is one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from gateway.accounts.operator_commands import COMMANDS, Wrong
from gateway.accounts.roles import ROLES
from gateway.settings import GatewaySettings
from shared.contracts.problems import Problem
from shared.database.failures import as_problem
from shared.foundation.settings import SettingsError

_DURATION = re.compile(r"([0-9]{1,9})([smhdy]?)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def duration(text: str) -> int:
    """Seconds in `90`, `15m`, `12h`, `90d`, `1y`. Raises ValueError, which argparse shows."""
    found = _DURATION.match(text)
    if found is None or int(found[1]) == 0:
        raise ValueError("a duration is 90, 15m, 12h, 90d or 1y")
    return int(found[1]) * _SECONDS[found[2]]


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    called = os.environ.get("CXLOOP_PROGRAM", "python -m gateway")
    top = argparse.ArgumentParser(prog=called, description="cxloop's public door")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the public API and the pages")
    commands.add_parser("migrate", help="bring the gateway's schema up to date")

    organizations = commands.add_parser("organizations", help="organisations").add_subparsers(
        dest="action", required=True
    )
    create = organizations.add_parser("create", help="create an organisation")
    create.add_argument("name")

    keys = commands.add_parser("keys", help="API keys").add_subparsers(dest="action", required=True)
    create = keys.add_parser("create", help="create a key; it is printed once")
    where = create.add_mutually_exclusive_group(required=True)
    where.add_argument("--organization", type=UUID, metavar="ID")
    where.add_argument("--new-organization", metavar="NAME", help="create the organisation as well")
    create.add_argument("--kind", choices=("secret", "publishable"), default="secret")
    create.add_argument("--name", default="command line", help="what lists call it")
    create.add_argument("--scopes", help="separated by commas; left out: all (secret keys only)")
    create.add_argument("--expires-in", type=duration, metavar="90d", help="left out: no end")
    create.add_argument("--origin", action="append", default=[], help="page origin allowed (publishable; repeat)")
    for name, words in (
        ("list", "list keys, without their secrets"),
        ("revoke", "revoke a key; the doors refuse it within seconds"),
        ("rotate", "replace a key; the old one works on for the overlap"),
    ):
        one = keys.add_parser(name, help=words)
        one.add_argument("--organization", type=UUID, required=True, metavar="ID")
        if name != "list":
            one.add_argument("key_id", type=UUID)
        if name == "rotate":
            one.add_argument("--overlap", type=duration, default=86400, metavar="24h")

    members = commands.add_parser("members", help="members").add_subparsers(dest="action", required=True)
    add = members.add_parser("add", help="add a member")
    add.add_argument("--organization", type=UUID, required=True, metavar="ID")
    add.add_argument("--email", required=True)
    add.add_argument("--name", required=True)
    add.add_argument("--role", choices=ROLES, default="owner")
    link = members.add_parser("sign-in-link", help="print a link that signs a member in")
    link.add_argument("--organization", type=UUID, required=True, metavar="ID")
    link.add_argument("--email", required=True)
    link.add_argument("--reusable", action="store_true", help="works until it expires instead of once")
    link.add_argument("--expires-in", type=duration, default=900, metavar="15m")

    for group in (organizations, keys, members):
        for one in group.choices.values():
            one.add_argument("--json", action="store_true", help="print one JSON document")
    return top


def _print(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(result, default=str).decode())  # asyncpg's UUIDs are a class of their own
        return
    for row in result.get("keys", [result]):
        print("\n".join(f"{name:16} {_words(value)}" for name, value in row.items() if value not in (None, [])))
        print()
    if "key" in result:
        print("The key is shown this once; keep it safe.", file=sys.stderr)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)


async def _serve(settings: GatewaySettings) -> None:
    from gateway.app import create_app
    from gateway.edge.receipt_deadline import DeadlineProtocol
    from shared.web.service_app import serve_until_signal

    await serve_until_signal(create_app(settings), settings, http=DeadlineProtocol)


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    chosen = parser().parse_args(arguments)
    try:
        settings = GatewaySettings.load()
        if chosen.command == "serve":
            import uvloop

            uvloop.run(_serve(settings))
        elif chosen.command == "migrate":
            from shared.database.migrate import main as migrate

            migrate("gateway", url=settings.database_url)
        else:
            result = asyncio.run(COMMANDS[chosen.command, chosen.action](chosen, settings))
            _print(result, as_json=chosen.json)
    except SettingsError as bad:
        return _say(str(bad))
    except Wrong as wrong:
        return _say(str(wrong))
    except Exception as error:
        problem = error if isinstance(error, Problem) else as_problem(error)
        if problem is None:
            raise
        return _say(problem.detail)
    return 0


def _say(words: str) -> int:
    print(f"gateway: {words}", file=sys.stderr)
    return 2
