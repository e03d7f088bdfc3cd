"""Real PostgreSQL and Valkey for one test session, migrated, in a folder of their own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.infrastructure import EmbeddedPostgres, EmbeddedValkey
from shared.database.migrate import migrate


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers of this session listen; `database_url` is the owner's."""

    database_url: str
    redis_url: str
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    folder: Path


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Start both servers and migrate; stop them at the end, whatever happened."""
    with tempfile.TemporaryDirectory(prefix="cxloop-test-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "postgres")
        valkey = EmbeddedValkey(folder / "valkey")
        try:
            postgres.start()
            valkey.start()
            asyncio.run(migrate(postgres.url()))
            yield Servers(postgres.url(), valkey.url(), postgres, valkey, folder)
        finally:
            valkey.stop()
            postgres.stop()
