"""The audit trail's chain: each entry's hash covers the entry and the hash before it, per organisation.

`hash = SHA-256(previous hash || canonical JSON)`. Changing, dropping or reordering any entry breaks every later
hash. The chain proves tampering within the table; only a copy of the newest hash kept elsewhere proves truncation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

GENESIS = bytes(32)
"""The hash before the first entry of an organisation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail. `details` is JSON-compatible and holds ids and field names, no personal text."""

    org_id: UUID
    seq: int
    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    action: str
    subject_type: str
    subject_id: UUID | None
    details: dict[str, Any]


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed: JSON, sorted keys, no spaces, UTC time with microseconds."""
    document = {
        "org_id": str(entry.org_id),
        "seq": entry.seq,
        "id": str(entry.id),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_kind": entry.actor_kind,
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "action": entry.action,
        "subject_type": entry.subject_type,
        "subject_id": str(entry.subject_id) if entry.subject_id else None,
        "details": entry.details,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def link(previous: bytes, entry: Entry) -> bytes:
    """The hash of `entry` (32 bytes) after the hash `previous` (32 bytes)."""
    return hashlib.sha256(previous + canonical(entry)).digest()


def first_break(entries: Iterable[tuple[Entry, bytes]]) -> int | None:
    """The sequence number at which the chain (from its first entry, in order) does not hold; None when it holds."""
    previous, expected = GENESIS, 1
    for entry, stored in entries:
        if entry.seq != expected or link(previous, entry) != stored:
            return expected
        previous, expected = stored, expected + 1
    return None
