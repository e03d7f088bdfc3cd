"""SQL over customers and identities: set-based for the intake, plain reads for the routes.

A join with `unnest` tempts the planner, while a table has no statistics, to read all rows of the organisation and
hash them; LATERAL with LIMIT 1, or the same keys once more as `= ANY`, makes it look up each key instead (seen).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select

from ingest_service.customers.attributes import Portrait
from ingest_service.customers.identities import Kind
from ingest_service.customers.resolution import Contradiction, Key
from ingest_service.customers.tables import ContradictionRow, CustomerRow, IdentityRow, TimelineRow
from shared.database import Batch, Transaction

CustomerRef = tuple[UUID, UUID]
"""(organisation, customer)."""

_OWNERS = """
SELECT told.org_id, told.kind, told.value, known.customer_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS told (org_id, kind, value)
CROSS JOIN LATERAL (
    SELECT customer_id FROM ingest.identities AS one
    WHERE one.org_id = told.org_id AND one.kind = told.kind AND one.value = told.value
    LIMIT 1
) AS known
"""

_NAMED = """
SELECT told.customer_id
FROM unnest($1::uuid[], $2::uuid[]) AS told (org_id, customer_id)
CROSS JOIN LATERAL (
    SELECT FROM ingest.identities AS one
    WHERE one.customer_id = told.customer_id
      -- not "=": the primary key would look as good, and is read for the whole organisation
      AND one.org_id IS NOT DISTINCT FROM told.org_id AND one.kind IS NOT DISTINCT FROM 'external_id'
    LIMIT 1
) AS known
"""

_ATTACH = """
INSERT INTO ingest.identities (org_id, kind, value, customer_id, created_at)
SELECT *, $5::timestamptz FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
ON CONFLICT (org_id, kind, value) DO NOTHING
RETURNING org_id, kind, value
"""

_DETACH = """
DELETE FROM ingest.identities AS mine
USING unnest($1::uuid[], $2::text[], $3::text[]) AS told (org_id, kind, value)
WHERE mine.org_id = told.org_id AND mine.kind = told.kind AND mine.value = told.value
  AND mine.kind = ANY ($2) AND mine.value = ANY ($3)
"""

_CREATE = """
INSERT INTO ingest.customers (org_id, id, name, name_at, attributes, attribute_times, created_at)
SELECT *, $7::timestamptz
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::jsonb[])
"""

_PORTRAITS = """
SELECT told.org_id, told.id, known.name, known.name_at, known.attributes, known.attribute_times
FROM unnest($1::uuid[], $2::uuid[]) AS told (org_id, id)
CROSS JOIN LATERAL (
    SELECT * FROM ingest.customers AS one
    WHERE one.org_id = told.org_id AND one.id = told.id
    LIMIT 1
    FOR NO KEY UPDATE
) AS known
"""

_REPAINT = """
UPDATE ingest.customers AS known
SET name = told.name, name_at = told.name_at, attributes = told.attributes, attribute_times = told.attribute_times
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::jsonb[])
     AS told (org_id, id, name, name_at, attributes, attribute_times)
WHERE known.org_id = told.org_id AND known.id = told.id AND known.id = ANY ($2)
"""

_CONTRADICT = """
INSERT INTO ingest.identity_contradictions (org_id, customer_id, other_id, kind, value, seen_at)
SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
ON CONFLICT DO NOTHING
"""

_ENTER = """
INSERT INTO ingest.timeline_entries (org_id, customer_id, at, id, kind, data)
SELECT told.* FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::jsonb[])
    AS told (org_id, customer_id, at, id, kind, data)
WHERE NOT EXISTS (
    SELECT FROM ingest.erasures AS gone WHERE gone.org_id = told.org_id AND gone.customer_id = told.customer_id
)
ON CONFLICT DO NOTHING
"""


async def owners(batch: Batch, org_ids: Collection[UUID], keys: Collection[Key]) -> dict[Key, UUID]:
    """The customer who has each identity that anybody has."""
    rows = await batch.conn.fetch(_OWNERS, *_columns(sorted(key for key in keys if key[0] in org_ids), 3))
    return {(org_id, kind, value): customer_id for org_id, kind, value, customer_id in rows}


async def with_external_id(batch: Batch, org_ids: Collection[UUID], refs: Collection[CustomerRef]) -> set[UUID]:
    """Those customers among `refs` that have an id of the organisation."""
    rows = await batch.conn.fetch(_NAMED, *_columns(sorted(ref for ref in refs if ref[0] in org_ids), 2))
    return {row[0] for row in rows}


async def attach(batch: Batch, org_ids: Collection[UUID], attached: dict[Key, UUID], at: datetime) -> set[Key]:
    """Give identities to customers; returns those given. One that somebody else took meanwhile is left to him."""
    rows = sorted((*key, customer_id) for key, customer_id in attached.items() if key[0] in org_ids)
    taken = await batch.conn.fetch(_ATTACH, *_columns(rows, 4), at)
    return {(org_id, kind, value) for org_id, kind, value in taken}


async def detach(batch: Batch, org_ids: Collection[UUID], keys: Collection[Key]) -> None:
    """Take back identities that this same transaction attached."""
    await batch.conn.execute(_DETACH, *_columns(sorted(key for key in keys if key[0] in org_ids), 3))


async def create(batch: Batch, org_ids: Collection[UUID], portraits: dict[CustomerRef, Portrait], at: datetime) -> None:
    """Insert new customers."""
    await batch.conn.execute(_CREATE, *_painted(org_ids, portraits), at)


async def portraits_for_update(
    batch: Batch, org_ids: Collection[UUID], refs: Collection[CustomerRef]
) -> dict[CustomerRef, Portrait]:
    """What is known of these customers; their rows are locked until the transaction ends."""
    rows = await batch.conn.fetch(_PORTRAITS, *_columns(sorted(ref for ref in refs if ref[0] in org_ids), 2))
    return {
        (org_id, customer_id): Portrait(name, name_at, attributes, times)
        for org_id, customer_id, name, name_at, attributes, times in rows
    }


async def repaint(batch: Batch, org_ids: Collection[UUID], portraits: dict[CustomerRef, Portrait]) -> None:
    """Write what is known of customers whose rows are locked."""
    await batch.conn.execute(_REPAINT, *_painted(org_ids, portraits))


async def record_contradictions(
    batch: Batch, org_ids: Collection[UUID], found: Collection[Contradiction], at: datetime
) -> None:
    """Note identities that came with one customer but belong to another; once per pair and identity."""
    rows = sorted(
        {(one.org_id, one.customer_id, one.other_id, one.kind, one.value) for one in found if one.org_id in org_ids}
    )
    await batch.conn.execute(_CONTRADICT, *_columns(rows, 5), at)


async def enter(
    batch: Batch,
    org_ids: Collection[UUID],
    entries: Sequence[tuple[UUID, UUID, datetime, UUID, str, dict[str, Any]]],
) -> None:
    """Add (organisation, customer, at, id, kind, data) to timelines, the same entry once; the erased get none."""
    rows = sorted((entry for entry in entries if entry[0] in org_ids), key=lambda entry: entry[:4])
    await batch.conn.execute(_ENTER, *_columns(rows, 6))


async def customer(tx: Transaction, org_id: UUID, customer_id: UUID) -> CustomerRow | None:
    """One customer."""
    return await tx.session.get(CustomerRow, (org_id, customer_id))


async def customer_by_identity(tx: Transaction, org_id: UUID, kind: Kind, value: str) -> CustomerRow | None:
    """The customer who is known by an identity in normal form."""
    query = (
        select(CustomerRow)
        .join(
            IdentityRow,
            (col(IdentityRow.org_id) == CustomerRow.org_id) & (col(IdentityRow.customer_id) == CustomerRow.id),
        )
        .where(
            col(CustomerRow.org_id) == org_id,
            col(IdentityRow.org_id) == org_id,
            col(IdentityRow.kind) == kind,
            col(IdentityRow.value) == value,
        )
    )
    return (await tx.session.exec(query)).first()


async def identities_of(tx: Transaction, org_id: UUID, customer_id: UUID) -> list[IdentityRow]:
    """How a customer is known, oldest first."""
    query = (
        select(IdentityRow)
        .where(col(IdentityRow.org_id) == org_id, col(IdentityRow.customer_id) == customer_id)
        .order_by(col(IdentityRow.created_at), col(IdentityRow.kind), col(IdentityRow.value))
    )
    return list((await tx.session.exec(query)).all())


async def contradictions_of(tx: Transaction, org_id: UUID, customer_id: UUID) -> list[ContradictionRow]:
    """Identities that came with this customer but belong to another."""
    query = (
        select(ContradictionRow)
        .where(col(ContradictionRow.org_id) == org_id, col(ContradictionRow.customer_id) == customer_id)
        .order_by(col(ContradictionRow.seen_at))
        .limit(100)
    )
    return list((await tx.session.exec(query)).all())


async def entries_of(
    tx: Transaction, org_id: UUID, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[TimelineRow]:
    """What happened beside feedback, newest first, strictly before (at, id)."""
    query = (
        select(TimelineRow)
        .where(col(TimelineRow.org_id) == org_id, col(TimelineRow.customer_id) == customer_id)
        .order_by(col(TimelineRow.at).desc(), col(TimelineRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(TimelineRow.at), col(TimelineRow.id)) < tuple_(*before))
    return list((await tx.session.exec(query)).all())


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _painted(org_ids: Collection[UUID], portraits: dict[CustomerRef, Portrait]) -> list[list[Any]]:
    rows = [
        (org_id, customer_id, one.name, one.name_at, one.attributes, one.times)
        for (org_id, customer_id), one in sorted(portraits.items(), key=lambda item: item[0])
        if org_id in org_ids
    ]
    return _columns(rows, 6)
