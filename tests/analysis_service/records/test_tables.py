"""The table classes say what the migration made."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import Table

from analysis_service.metrics.tables import MetricCell
from analysis_service.records.tables import FacetRow, RecordRow
from tests.support.servers import Servers


@pytest.mark.parametrize("cls", [FacetRow, RecordRow, MetricCell])
async def test_columns_and_key_agree(servers: Servers, cls: type) -> None:
    table: Table = cls.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    conn = await asyncpg.connect(servers.database_url)
    try:
        rows = await conn.fetch(
            "SELECT column_name, is_nullable = 'YES' FROM information_schema.columns "
            "WHERE table_schema = 'analysis' AND table_name = $1",
            table.name,
        )
        key = await conn.fetchval(
            "SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index i "
            "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
            "WHERE i.indrelid = $1::regclass AND i.indisprimary",
            f"analysis.{table.name}",
        )
    finally:
        await conn.close()
    assert dict(map(tuple, rows)) == {column.name: bool(column.nullable) for column in table.columns}
    assert key == [column.name for column in table.primary_key.columns]
    assert key[0] == "org_id"
