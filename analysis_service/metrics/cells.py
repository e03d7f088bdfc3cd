"""Cells: what is counted, by hour and facet, so that a year of answers is a few thousand additions (pure).

A facet is one combination of channel, source, unit, touchpoint and language. Its key is a digest of the five, so
that whoever writes needs no look-up, and a key in an index is 16 bytes however long a unit's name is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from analysis_service.metrics.tally import Tally

DIMENSIONS = ("channel", "source", "unit", "touchpoint", "language")
"""What every metric can be filtered and grouped by."""


class Facet(NamedTuple):
    """One combination of the dimensions; an absent one is the empty text."""

    channel: str
    source: str
    unit: str
    touchpoint: str
    language: str

    @property
    def key(self) -> UUID:
        """The same 128 bits for the same five texts, in every process and release."""
        digest = blake2b(digest_size=16, person=b"cxloop.facet")
        for part in self:
            raw = part.encode()
            # The length in front keeps ("ab", "c") apart from ("a", "bc").
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return UUID(bytes=digest.digest())


class CellKey(NamedTuple):
    """Where an answer is counted; the order of the fields is the order of the table's key."""

    org_id: UUID
    metric: str
    hour: datetime
    facet: UUID
    scale: str
    aspect: str


def merge(contributions: Iterable[tuple[CellKey, Tally]]) -> list[tuple[CellKey, Tally]]:
    """Add up contributions to the same cell and drop what cancels out; ordered by key.

    One order for everybody is what keeps concurrent writers from deadlock.
    """
    cells: dict[CellKey, Tally] = {}
    for key, tally in contributions:
        found = cells.get(key)
        cells[key] = tally if found is None else found + tally
    empty = Tally()
    return sorted((key, tally) for key, tally in cells.items() if tally != empty)
