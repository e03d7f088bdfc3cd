"""What the operator may do with accounts from the command line, where nobody is signed in yet.

Each command opens its own connection under the gateway's role, names one organisation, and is in that
organisation's audit trail as done by `system`.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from gateway.accounts import membership, queries
from gateway.accounts.origins import normal_origin
from gateway.accounts.queries import OPERATOR
from gateway.accounts.roles import unknown_scopes
from gateway.accounts.schemas import Email
from gateway.accounts.tables import ApiKey
from gateway.settings import GatewaySettings
from shared.database import Database, Transaction
from shared.foundation.ids import new_id
from shared.messaging.relay import Relay


class Wrong(Exception):
    """A command that cannot be done; the text says why and how to mend it."""


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
