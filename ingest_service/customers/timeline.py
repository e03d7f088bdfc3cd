"""The timeline of a customer: entries of several sources, merged newest first, cut into stable pages.

A source is a function given by whoever keeps such entries (the intake for feedback, this slice for cases); `app`
wires them. So this slice needs no knowledge of the intake, which itself needs this slice to identify customers.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from uuid import UUID

from ingest_service.customers import queries
from ingest_service.customers.schemas import Timeline, TimelineEntry
from ingest_service.places import Place, write_place
from shared.database import Transaction

TimelineSource = Callable[[Transaction, UUID, UUID, Place | None, int], Awaitable[Sequence[TimelineEntry]]]
"""(transaction, organisation, customer, strictly before this place, limit) → at most `limit` entries, newest first."""


async def case_entries(
    tx: Transaction, org_id: UUID, customer_id: UUID, before: Place | None, limit: int
) -> list[TimelineEntry]:
    """What happened to the customer's cases."""
    rows = await queries.entries_of(tx, org_id, customer_id, before, limit)
    return [TimelineEntry.model_validate(row, from_attributes=True) for row in rows]


async def read_timeline(
    tx: Transaction,
    sources: Sequence[TimelineSource],
    org_id: UUID,
    customer_id: UUID,
    *,
    before: Place | None,
    limit: int,
) -> Timeline:
    """One page of at most `limit` entries of all `sources`."""
    found = [await source(tx, org_id, customer_id, before, limit + 1) for source in sources]
    merged = heapq.merge(*found, key=lambda entry: (entry.at, entry.id), reverse=True)
    entries = list(islice(merged, limit + 1))
    page = entries[:limit]
    more = write_place(page[-1].at, page[-1].id) if len(entries) > limit else None
    return Timeline(data=page, next_cursor=more)
