"""`cxloop doctor`: looks at everything a run needs and says in words what is missing and how to mend it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local_stack.addresses import fetch, is_free, reachable
from local_stack.binaries import InfrastructureError, find_postgres, find_valkey
from local_stack.infrastructure import servers_for
from local_stack.places import LOCAL, ROOT, USES, shown
from local_stack.processes import SERVICES
from local_stack.stack import GATEWAY_PORT, running_stack
from local_stack.unprivileged import choose_guise

Verdict = Literal["ok", "note", "bad"]
ROOM_FOR_DATA = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `bad` keeps cxloop from running, `note` does not."""

    verdict: Verdict
    words: str


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Finding("ok" if fine else "bad", f"Python {version}" + ("" if fine else ": 3.11 or newer is needed"))


def _programs() -> Iterator[Finding]:
    try:
        found = find_postgres()
        yield Finding("ok", f"PostgreSQL {found.major} ({found.origin})")
        guise = choose_guise()
        if guise.account is not None:
            yield Finding("note", f"root without user namespaces: PostgreSQL will run as {guise.account.pw_name}")
    except InfrastructureError as missing:
        yield Finding("bad", str(missing))
    try:
        yield Finding("ok", f"Valkey ({find_valkey().name})")
    except InfrastructureError as missing:
        yield Finding("bad", str(missing))


def _front_end() -> Iterator[Finding]:
    if (ROOT / "gateway" / "web" / "node_modules").is_dir():
        yield Finding("ok", "front-end packages")
    else:
        yield Finding("bad", "The front-end packages are missing, the dashboard would be bare: run `make setup`.")


def _disk() -> Iterator[Finding]:
    folder = LOCAL if LOCAL.exists() else ROOT
    if not os.access(folder, os.W_OK):
        yield Finding("bad", f"{folder} cannot be written: chown it to yourself, or use a checkout that you own.")
    free = shutil.disk_usage(folder).free
    if free < ROOM_FOR_DATA:
        yield Finding("bad", f"Only {free / 1e6:.0f} MB are free under {folder}: free at least 1 GB.")
    else:
        yield Finding("ok", f"{free / 1e9:.0f} GB of disk are free")


def _ports() -> Iterator[Finding]:
    if is_free(GATEWAY_PORT) or any(running_stack(LOCAL / use) for use in USES):
        yield Finding("ok", f"port {GATEWAY_PORT}")
    else:
        yield Finding("note", f"Port {GATEWAY_PORT} is in use by another program; cxloop will take a free one.")


def _given_servers(environment: Mapping[str, str]) -> Iterator[Finding]:
    try:
        servers = servers_for(LOCAL / "up", environment)
    except InfrastructureError as wrong:
        yield Finding("bad", str(wrong))
        return
    for variable, url, port in servers.given:
        if reachable(url, port):
            yield Finding("ok", f"{variable} answers")
        else:
            yield Finding("bad", f"Nothing answers where {variable} points: start that server or mend the URL.")
    if not servers.given:
        yield Finding("ok", "no DATABASE_URL or REDIS_URL: embedded servers will be used")
    elif servers.owner_url:
        yield from _tables(servers.owner_url)


def _tables(url: str) -> Iterator[Finding]:
    from shared.database.migrate import behind

    try:
        late = asyncio.run(behind(url))
    except Exception as failure:
        yield Finding("bad", f"The database refuses us ({type(failure).__name__}): look at user, password and rights.")
        return
    if late:
        yield Finding("note", f"Tables of {', '.join(late)} are behind: `cxloop migrate` or the next start mends it.")
    else:
        yield Finding("ok", "tables are up to date")


def _settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Each service reads its own settings, in a process of its own; its words name the variable, never a value."""
    if environment.get("ENVIRONMENT") != "production":
        return
    for service, package in SERVICES.items():
        words = f"from {package}.settings import {service.capitalize()}Settings as S; S.load()"
        done = subprocess.run(
            [sys.executable, "-c", words], env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            yield Finding("ok", f"settings of {service}")
        else:
            reason = (done.stderr.strip().splitlines() or ["unknown"])[-1].rpartition("SettingsError: ")[2]
            yield Finding("bad", f"Settings of {service}: {reason}")


def _stacks() -> Iterator[Finding]:
    for use in USES:
        home: Path = LOCAL / use
        run = running_stack(home)
        if run is None:
            if home.exists():
                yield Finding("ok", f"`cxloop {use}` does not run; its data is in {shown(home)}")
            continue
        status, _body = fetch(run["gateway_url"], "/readyz")
        where = f"`cxloop {use}` runs at {run['gateway_url']}"
        if status == 200:
            yield Finding("ok", f"{where} and is ready")
            yield from _tables(run["environment"].get("DATABASE_URL") or os.environ.get("DATABASE_URL", ""))
        else:
            yield Finding("bad", f"{where} but is not ready; its logs are in {shown(home / 'logs')}.")


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything, in the order in which a start would need it."""
    yield from _python()
    yield from _programs()
    yield from _front_end()
    yield from _disk()
    yield from _ports()
    yield from _given_servers(environment)
    yield from _settings(environment)
    yield from _stacks()
