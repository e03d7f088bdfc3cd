"""The environment in which single commands run: that of the running stack, of given servers, or a short-lived one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.embedded import private_folder
from local_stack.infrastructure import servers_for
from local_stack.keyring import keyring
from local_stack.places import LOCAL, USES
from local_stack.processes import SERVICES, role_of
from local_stack.stack import running_stack


def chosen_use(of: str) -> str:
    """The stack a command means: the one named, else the running one, else `up`."""
    if of:
        return of
    return next((use for use in USES if running_stack(LOCAL / use)), "up")


def whose_data(home: Path) -> str:
    """A line for who may have meant other data than that of `home`; empty where there is no other."""
    others = [use for use in USES if use != home.name and (home.parent / use / "postgres").is_dir()]
    if not others:
        return ""
    return f"Nothing runs: this is about the data of `cxloop {home.name}`; --of {others[0]} for the other."


def _bring_up_to_date(url: str) -> None:
    """A command before the first start finds its tables too."""
    from shared.database.migrate import behind, migrate

    if asyncio.run(behind(url)):
        asyncio.run(migrate(url))


async def allow_logins(url: str) -> None:
    """Let every service log in as its own role: embedded services then cannot become the owner at all."""
    import asyncpg

    owner = await asyncpg.connect(url)
    try:
        for service in SERVICES:
            await owner.execute(f"ALTER ROLE {role_of(service)} LOGIN")
    finally:
        await owner.close()


@contextmanager
def standing_environment(of: str = "") -> Iterator[dict[str, str]]:
    """Variables that let a service's own command work; `DATABASE_URL` is the owner's.

    When no stack runs and no server is given, the embedded servers of the use are started for the time of the
    command, so that `cxloop keys create` works before the first `cxloop up`. Raises InfrastructureError.
    """
    home = LOCAL / chosen_use(of)
    given = dict(os.environ)
    run = running_stack(home)
    if run is not None:
        yield {**given, **run["environment"]}
        return
    if not of and (note := whose_data(home)):
        print(note, file=sys.stderr)  # not among the output that a script reads
    private_folder(home)
    servers = servers_for(home, given)
    servers.start()
    try:
        if servers.owner_url:
            _bring_up_to_date(servers.owner_url)
        yield {**given, **keyring(home / "secrets.json", given), **servers.environment}
    finally:
        servers.stop()
