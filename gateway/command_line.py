"""The gateway's command line: serve, migrate, and what must work before anybody can sign in.

The operator stands outside every organisation: he names one for each command, and what he does is in its audit
trail as done by `system`. A key is printed once; with `--json` everything is one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from gateway.accounts import membership, queries
from gateway.accounts.origins import normal_origin
from gateway.accounts.queries import OPERATOR
from gateway.accounts.roles import ROLES, unknown_scopes
from gateway.accounts.schemas import Email
from gateway.accounts.tables import ApiKey
from gateway.settings import GatewaySettings
from shared.contracts.problems import Problem
from shared.database import Database, Transaction
from shared.database.failures import as_problem
from shared.foundation.ids import new_id
from shared.foundation.settings import SettingsError
from shared.messaging.relay import Relay

_DURATION = re.compile(r"([0-9]{1,9})([smhdy]?)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


class Wrong(Exception):
    """A command that cannot be done; the text says why and how to mend it."""


def duration(text: str) -> int:
    """Seconds in `90`, `15m`, `12h`, `90d`, `1y`. Raises ValueError, which argparse shows."""
    found = _DURATION.match(text)
    if found is None or int(found[1]) == 0:
        raise ValueError("a duration is 90, 15m, 12h, 90d or 1y")
    return int(found[1]) * _SECONDS[found[2]]


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    top = argparse.ArgumentParser(prog="python -m gateway", description="cxloop's public door")
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


@asynccontextmanager
async def _database(settings: GatewaySettings) -> AsyncIterator[Database]:
    database = await Database.connect(
        settings.database_url, role="cxloop_gateway", pool_size=2, application_name="cxloop-gateway-cli"
    )
    relay = Relay(settings.redis_url)
    database.after_commit.append(relay.hear)
    relay.start()
    try:
        yield database
    finally:
        await relay.stop()
        await database.close()


async def _organizations_create(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    org_id = new_id()
    async with _database(settings) as db, db.transaction(org_id) as tx:
        await membership.found_organization(tx, org_id, _name(arguments.name), OPERATOR)
    return {"organization_id": org_id, "name": arguments.name}


async def _keys_create(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    scopes = None
    if arguments.scopes is not None:
        scopes = sorted({scope.strip() for scope in arguments.scopes.split(",") if scope.strip()})
        if arguments.kind == "publishable":
            raise Wrong("a publishable key takes no --scopes; it may submit responses and nothing else")
        if unknown_scopes(scopes):
            raise Wrong(f"a secret key cannot have these scopes: {', '.join(unknown_scopes(scopes))}")
    if arguments.origin and arguments.kind == "secret":
        raise Wrong("only a publishable key has --origin; a secret key never goes into a web page")
    try:
        origins = sorted({normal_origin(origin) for origin in arguments.origin})
    except ValueError as bad:
        raise Wrong(str(bad)) from None
    org_id = arguments.organization or new_id()
    async with _database(settings) as db, db.transaction(org_id) as tx:
        if arguments.new_organization is not None:
            await membership.found_organization(tx, org_id, _name(arguments.new_organization), OPERATOR)
        await _known(tx, org_id)
        key, text = await membership.create_key(
            tx, org_id, OPERATOR, settings.key_pepper.get_secret_value(), kind=arguments.kind,
            name=_name(arguments.name), scopes=scopes, allowed_origins=origins, expires_in=arguments.expires_in,
        )  # fmt: skip
        return {"organization_id": org_id, "key": text, **_shown(key)}


async def _keys_list(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    async with _database(settings) as db, db.transaction(arguments.organization) as tx:
        await _known(tx, arguments.organization)
        return {"keys": [_shown(key) for key in await queries.list_keys(tx, arguments.organization, None, 1000)]}


async def _keys_revoke(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    async with _database(settings) as db, db.transaction(arguments.organization) as tx:
        key = await _key(tx, arguments)
        await membership.revoke_key(tx, key, OPERATOR)
        return _shown(key)


async def _keys_rotate(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    async with _database(settings) as db, db.transaction(arguments.organization) as tx:
        key = await _key(tx, arguments)
        fresh, text = await membership.rotate_key(
            tx, key, OPERATOR, settings.key_pepper.get_secret_value(), overlap=arguments.overlap
        )
        return {"key": text, **_shown(fresh), "old_key_expires_at": key.expires_at}


async def _members_add(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    async with _database(settings) as db, db.transaction(arguments.organization) as tx:
        await _known(tx, arguments.organization)
        member = await membership.add_member(
            tx, arguments.organization, OPERATOR, settings.key_pepper.get_secret_value(),
            email=_email(arguments.email), name=_name(arguments.name), role=arguments.role,
        )  # fmt: skip
        return {"id": member.id, "email": member.email, "role": member.role}


async def _members_sign_in_link(arguments: argparse.Namespace, settings: GatewaySettings) -> dict[str, Any]:
    async with _database(settings) as db, db.transaction(arguments.organization) as tx:
        await _known(tx, arguments.organization)
        member = await queries.member_by_email(tx, arguments.organization, _email(arguments.email))
        if member is None:
            raise Wrong("no member has this address; add him with `members add`")
        link, token = await membership.create_sign_in_link(
            tx, member, OPERATOR, settings.key_pepper.get_secret_value(),
            reusable=arguments.reusable, expires_in=arguments.expires_in,
        )  # fmt: skip
        return {
            "url": f"{settings.public_url}/sign-in?token={token}",
            "member_id": member.id,
            "reusable": link.reusable,
            "expires_at": link.expires_at,
        }


async def _known(tx: Transaction, org_id: UUID) -> None:
    if await queries.get_organization(tx, org_id) is None:
        raise Wrong("there is no such organisation; create one with `organizations create NAME`")


async def _key(tx: Transaction, arguments: argparse.Namespace) -> ApiKey:
    key = await queries.get_key(tx, arguments.organization, arguments.key_id, lock=True)
    if key is None:
        raise Wrong("the organisation has no such key; `keys list` shows them")
    return key


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "kind": key.kind,
        "name": key.name,
        "prefix": key.shown_prefix,
        "last4": key.last4,
        "scopes": key.scopes,
        "allowed_origins": key.allowed_origins,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _name(text: str) -> str:
    stripped = text.strip()
    if not 1 <= len(stripped) <= 200 or not stripped.isprintable():
        raise Wrong("a name has 1 to 200 printable characters")
    return stripped


def _email(text: str) -> str:
    try:
        return TypeAdapter[str](Email).validate_python(text)
    except ValidationError:
        raise Wrong("this is not an e-mail address") from None


COMMANDS: dict[
    tuple[str, str], Callable[[argparse.Namespace, GatewaySettings], Coroutine[Any, Any, dict[str, Any]]]
] = {
    ("organizations", "create"): _organizations_create,
    ("keys", "create"): _keys_create,
    ("keys", "list"): _keys_list,
    ("keys", "revoke"): _keys_revoke,
    ("keys", "rotate"): _keys_rotate,
    ("members", "add"): _members_add,
    ("members", "sign-in-link"): _members_sign_in_link,
}


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
