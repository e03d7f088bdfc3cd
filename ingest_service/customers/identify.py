"""Identifying: the customers of a group of submissions, found or made, inside the transaction that stores them.

1. Read who owns the identities that came. 2. Decide (resolution). 3. Attach what is new; if somebody else took an
identity in that instant, take ours back and decide again with what is now known. 4. Write customers and news.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ingest_service.customers import queries
from ingest_service.customers.attributes import Portrait, merge
from ingest_service.customers.identities import Kind
from ingest_service.customers.resolution import Claimant, Contradiction, Key, Resolution, doubtful, resolve
from shared.database import Batch
from shared.foundation.clock import now
from shared.foundation.ids import new_id

ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Introduction:
    """What one submission says of its customer; `identities` are in normal form, in order of trust, not empty."""

    org_id: UUID
    identities: tuple[tuple[Kind, str], ...]
    name: str | None
    attributes: dict[str, Any]
    at: datetime
    trusted: bool


async def identify(batch: Batch, org_ids: Collection[UUID], introductions: Sequence[Introduction]) -> list[UUID]:
    """The customer id of each introduction; creates and updates customers in the transaction `batch`."""
    if not introductions:
        return []
    at = now()
    claimants = [Claimant(one.org_id, one.identities, one.trusted) for one in introductions]
    resolution = await _settle(batch, org_ids, claimants, at)
    await _paint(batch, org_ids, introductions, resolution, at)
    if resolution.contradictions:
        await queries.record_contradictions(batch, org_ids, resolution.contradictions, at)
    return resolution.customers


async def _settle(batch: Batch, org_ids: Collection[UUID], claimants: Sequence[Claimant], at: datetime) -> Resolution:
    keys: set[Key] = {(one.org_id, kind, value) for one in claimants for kind, value in one.identities}
    for attempt in range(1, ATTEMPTS + 1):
        known = await queries.owners(batch, org_ids, keys)
        unsure = doubtful(claimants, known)
        named = await queries.with_external_id(batch, org_ids, unsure) if unsure else set[UUID]()
        resolution = resolve(claimants, known, named, new_id)
        if not resolution.attached:
            return resolution
        attached = await queries.attach(batch, org_ids, resolution.attached, at)
        lost = resolution.attached.keys() - attached
        if not lost:
            return resolution
        if attempt == ATTEMPTS:
            break
        await queries.detach(batch, org_ids, attached)
    resolution.contradictions += [
        Contradiction(org_id, resolution.attached[(org_id, kind, value)], owner, kind, value)
        for (org_id, kind, value), owner in (await queries.owners(batch, org_ids, lost)).items()
    ]
    return resolution


async def _paint(
    batch: Batch,
    org_ids: Collection[UUID],
    introductions: Sequence[Introduction],
    resolution: Resolution,
    at: datetime,
) -> None:
    created = {ref: Portrait() for ref in resolution.created.values()}
    news = [
        ((one.org_id, customer_id), one)
        for place, (one, customer_id) in enumerate(zip(introductions, resolution.customers, strict=True))
        if (one.name is not None or one.attributes) and (one.trusted or place in resolution.created)
    ]
    elders = {ref for ref, _ in news if ref not in created}
    portraits = await queries.portraits_for_update(batch, org_ids, elders) if elders else {}
    repainted: dict[queries.CustomerRef, Portrait] = {}
    for ref, one in news:
        if ref in created:
            merge(created[ref], one.name, one.attributes, one.at)
        elif ref in portraits and merge(portraits[ref], one.name, one.attributes, one.at):
            repainted[ref] = portraits[ref]
    if created:
        await queries.create(batch, org_ids, created, at)
    if repainted:
        await queries.repaint(batch, org_ids, repainted)
