"""Migrations: roles, schemas and tables of every service, brought up to date under one advisory lock.

Each service keeps numbered Alembic revisions for its own schema (`<service>/migrations/versions/0001_words.py`) in
plain SQL. They run as the owner of the database (`DATABASE_URL`), never as a service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:  # alembic is imported where it works: services need no more than the names below
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS: dict[str, str] = {
    "messaging": "shared/messaging/migrations",
    "gateway": "gateway/migrations",
    "ingest": "ingest_service/migrations",
    "analysis": "analysis_service/migrations",
    "loop": "loop_service/migrations",
}
"""Schema → its migrations, in the order they run."""

SERVICES = ("gateway", "ingest", "analysis", "loop")
SWEEPER = "cxloop_sweeper"
"""May see which deliveries are due, of every organisation, and no content."""
OPERATOR = "cxloop_operator"
"""The person at `cxloop events`: may read and settle deliveries of every organisation."""

LOCK_KEY = 0x63786C6F  # "cxlo"
ORGS = "(SELECT nullif(current_setting('app.orgs', true), '')::uuid[])::uuid[]"


def secure(table: str, *, role: str, grants: str, org_column: str = "org_id") -> list[str]:
    """SQL that seals `table` (schema-qualified): row-level security forced, by organisation; `grants` to `role`.

    `grants` is a privilege list such as "SELECT, INSERT, UPDATE (status)".
    """
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY organisation ON {table} TO {role} USING ({org_column} = ANY ({ORGS})) "
        f"WITH CHECK ({org_column} = ANY ({ORGS}))",
        f"GRANT {grants} ON {table} TO {role}",
    ]


def run_env(schema: str) -> None:
    """The whole of a service's Alembic `env.py`."""
    from alembic import context

    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, version_table="schema_version", version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()


def _config(schema: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / SCRIPTS[schema]))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, schema: str) -> None:
    from alembic import command

    config = _config(schema)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _behind(connection: Connection, schema: str) -> bool:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    seen = MigrationContext.configure(
        connection, opts={"version_table": "schema_version", "version_table_schema": schema}
    )
    head = ScriptDirectory.from_config(_config(schema)).get_current_head()
    return seen.get_current_revision() != head


def _foundation_sql(schemas: Iterable[str]) -> list[str]:
    statements = []
    for role in [*(f"cxloop_{service}" for service in SERVICES), SWEEPER, OPERATOR]:
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f"CREATE ROLE {role} NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS; END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    statements += [
        f"DO $$ BEGIN IF NOT pg_has_role('cxloop_{service}', '{SWEEPER}', 'MEMBER') THEN "
        f"GRANT {SWEEPER} TO cxloop_{service}; END IF; END $$"
        for service in SERVICES
    ]
    for schema in schemas:
        statements.append(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for service in SERVICES:
        statements.append(f"GRANT USAGE ON SCHEMA {service} TO cxloop_{service}")
    everyone = ", ".join([*(f"cxloop_{service}" for service in SERVICES), SWEEPER, OPERATOR])
    statements.append(f"GRANT USAGE ON SCHEMA messaging TO {everyone}")
    return statements


async def migrate(url: str, schemas: Iterable[str] | None = None) -> list[str]:
    """Bring `schemas` (default: all) to their newest revision; returns those that had been behind.

    Safe to run from several processes at once: one works, the others wait and find nothing to do.
    """
    wanted = list(schemas or SCRIPTS)
    moved: list[str] = []
    lock = await asyncpg.connect(url)
    try:
        await lock.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        for statement in _foundation_sql(wanted):
            await lock.execute(statement)
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(url, server_settings={"lock_timeout": "5s"}),
            poolclass=pool.NullPool,
        )
        for schema in wanted:
            async with engine.connect() as connection:
                if await connection.run_sync(_behind, schema):
                    await connection.run_sync(_upgrade, schema)
                    await connection.commit()
                    moved.append(schema)
                else:
                    await connection.rollback()
        await engine.dispose()
    finally:
        await lock.close()
    return moved


async def behind(url: str) -> list[str]:
    """Schemas that are missing or behind; for `cxloop doctor` and readiness."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=pool.NullPool
    )
    try:
        async with engine.connect() as connection:
            return [schema for schema in SCRIPTS if await connection.run_sync(_behind, schema)]
    finally:
        await engine.dispose()


def main(*schemas: str, url: str) -> None:
    """Synchronous entry for `python -m <service> migrate`."""
    for schema in asyncio.run(migrate(url, ["messaging", *schemas])):
        print(f"migrated {schema}")
