"""Settings of the ingest service."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.foundation.sealing import SealingSettings


class IngestSettings(SealingSettings):
    """What the ingest API and worker need; see shared.foundation.settings for the common part, .sealing for the key."""

    service: ClassVar[str] = "ingest"

    intake_queue_records: int = Field(
        default=20_000, ge=100, le=1_000_000, description="Records that may wait to be stored; beyond: 503."
    )
