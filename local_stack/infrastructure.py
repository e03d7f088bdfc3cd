"""The servers a stack stands on: those whose URLs are given, embedded ones otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.addresses import reachable
from local_stack.binaries import InfrastructureError
from local_stack.embedded import EmbeddedServer
from local_stack.postgres import EmbeddedPostgres
from local_stack.processes import SERVICES
from local_stack.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "InfrastructureError", "Servers", "servers_for"]

POSTGRES_PORT = 5432
REDIS_PORT = 6379


@dataclass(slots=True)
class Servers:
    """Database and queue of one stack. `environment` holds the URLs that services are to be told."""

    environment: dict[str, str]
    owner_url: str
    """Database URL of the owner, for migrations; empty when only per-service URLs were given."""
    postgres: EmbeddedPostgres | None = None
    valkey: EmbeddedValkey | None = None
    given: list[tuple[str, str, int]] = field(default_factory=list)
    """(variable, URL, default port) of servers that were there before us."""

    def describe(self) -> str:
        """For people: which servers these are."""
        database = "embedded PostgreSQL" if self.postgres else "the PostgreSQL of DATABASE_URL"
        queue = "embedded Valkey" if self.valkey else "the Redis of REDIS_URL"
        return f"{database}, {queue}"

    def start(self) -> None:
        """Start what is embedded, both at once; check that what was given can be reached."""
        failures: list[BaseException] = []

        def guarded(act: Callable[[], None]) -> None:
            try:
                act()
            except BaseException as failure:
                failures.append(failure)

        embedded: list[EmbeddedServer] = [server for server in (self.postgres, self.valkey) if server is not None]
        threads = [threading.Thread(target=guarded, args=(server.start,)) for server in embedded]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            self.stop()
            raise failures[0]
        if self.postgres is not None:
            self.owner_url = self.environment["DATABASE_URL"] = self.postgres.url()
        if self.valkey is not None:
            self.environment["REDIS_URL"] = self.valkey.url()
        for variable, url, port in self.given:
            if not reachable(url, port):
                raise InfrastructureError(
                    f"Nothing answers where {variable} points: start that server or mend the URL, "
                    "or unset it to use an embedded one."
                )

    def fallen(self) -> list[EmbeddedServer]:
        """Embedded servers that should run and do not."""
        return [server for server in (self.postgres, self.valkey) if server is not None and server.pid is None]

    def stop(self) -> None:
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()


def _given(environment: Mapping[str, str], name: str, port: int) -> list[tuple[str, str, int]]:
    """The variables that name servers of one kind; raises when some services are provided for and others not."""
    own = {service: f"{service.upper()}_{name}" for service in SERVICES}
    found = [(variable, environment[variable], port) for variable in (name, *own.values()) if environment.get(variable)]
    missing = [variable for variable in own.values() if not environment.get(variable)]
    if found and not environment.get(name) and missing:
        raise InfrastructureError(
            f"{found[0][0]} is set but not {' nor '.join(missing)}: set {name} for all services, or one for each."
        )
    return found


def servers_for(home: Path, environment: Mapping[str, str]) -> Servers:
    """The servers of a stack whose data lives in `home`; nothing is started yet."""
    databases = _given(environment, "DATABASE_URL", POSTGRES_PORT)
    queues = _given(environment, "REDIS_URL", REDIS_PORT)
    return Servers(
        environment={variable: url for variable, url, _port in [*databases, *queues]},
        owner_url=environment.get("DATABASE_URL", ""),
        postgres=None if databases else EmbeddedPostgres(home / "postgres", log=home / "logs" / "postgres.log"),
        valkey=None if queues else EmbeddedValkey(home / "valkey", log=home / "logs" / "valkey.log"),
        given=[*databases, *queues],
    )
