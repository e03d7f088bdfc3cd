"""What a test of the ingest service reads back: rows and events of one organisation, under the service's own role."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.support.services import RunningService


async def rows(ingest: RunningService, org_id: UUID, sql: str) -> list[dict[str, Any]]:
    """Rows of this organisation as the service may read them."""
    async with ingest.database.batch([org_id]) as batch:
        return [dict(row) for row in await batch.conn.fetch(sql)]


async def feedback(ingest: RunningService, org_id: UUID) -> list[dict[str, Any]]:
    """All revisions of all feedback."""
    return await rows(ingest, org_id, "SELECT * FROM ingest.feedback ORDER BY id, revision")


async def events(ingest: RunningService, org_id: UUID) -> list[dict[str, Any]]:
    """All published events."""
    return await rows(ingest, org_id, "SELECT * FROM messaging.events ORDER BY published_at, id")
