"""The database's catalogue: every table of an organisation is sealed, keyed by it, and owned by no service."""

from __future__ import annotations

import asyncpg
import pytest

from tests.support.servers import Servers

SCHEMAS = ["gateway", "ingest", "analysis", "loop", "messaging"]
ROLES = ["cxloop_gateway", "cxloop_ingest", "cxloop_analysis", "cxloop_loop", "cxloop_sweeper", "cxloop_operator"]

TABLES = """
SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, o.rolname AS owner,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
       (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisprimary) AS first_of_key
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY ($1) AND c.relname <> 'schema_version'
"""

UNIQUE_WITHOUT_ORG = """
SELECT c.relname AS table, ic.relname AS index FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE i.indisunique AND n.nspname = ANY ($1) AND c.relname <> 'schema_version' AND a.attname <> 'org_id'
"""

FOREIGN_WITHOUT_ORG = """
SELECT conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND n.nspname = ANY ($1) AND a.attname <> 'org_id'
"""


@pytest.fixture
async def catalogue(servers: Servers) -> asyncpg.Connection:
    """A connection of the owner; closed when the test ends."""
    conn = await asyncpg.connect(servers.database_url)
    yield conn
    await conn.close()


async def test_every_table_is_sealed_and_keyed_by_its_organisation(catalogue: asyncpg.Connection) -> None:
    rows = await catalogue.fetch(TABLES, SCHEMAS)
    assert len(rows) > 15
    assert [row["name"] for row in rows if not (row["relrowsecurity"] and row["relforcerowsecurity"])] == []
    assert [row["name"] for row in rows if row["policies"] < 1] == []
    assert [row["name"] for row in rows if row["first_of_key"] != "org_id"] == []
    assert [row["name"] for row in rows if row["owner"] in ROLES] == []


async def test_unique_and_foreign_keys_begin_with_the_organisation(catalogue: asyncpg.Connection) -> None:
    assert await catalogue.fetch(UNIQUE_WITHOUT_ORG, SCHEMAS) == []
    assert await catalogue.fetch(FOREIGN_WITHOUT_ORG, SCHEMAS) == []


async def test_services_hold_no_power_beyond_their_grants(catalogue: asyncpg.Connection) -> None:
    rows = await catalogue.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls OR rolcreaterole "
        "OR rolcreatedb OR rolinherit OR rolcanlogin)",
        ROLES,
    )
    assert rows == []


async def test_no_view_and_no_function_runs_with_its_owner_s_rights(catalogue: asyncpg.Connection) -> None:
    views = await catalogue.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1) "
        "AND (c.relkind = 'm' OR (c.relkind = 'v' "
        "AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)))",
        SCHEMAS,
    )
    definers = await catalogue.fetch(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = ANY ($1) AND p.prosecdef",
        SCHEMAS,
    )
    assert views == []
    assert definers == []


async def test_a_table_that_was_left_open_would_be_caught(catalogue: asyncpg.Connection) -> None:
    await catalogue.execute("CREATE TABLE loop.planted (id uuid PRIMARY KEY, org_id uuid)")
    try:
        row = next(row for row in await catalogue.fetch(TABLES, SCHEMAS) if row["name"] == "loop.planted")
        assert (row["relforcerowsecurity"], row["policies"], row["first_of_key"]) == (False, 0, "id")
        assert len(await catalogue.fetch(UNIQUE_WITHOUT_ORG, SCHEMAS)) == 1
    finally:
        await catalogue.execute("DROP TABLE loop.planted")
