"""Attributes of a customer, merged: for each name the newest value wins, by when it was said (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

ATTRIBUTES_KEPT: Final = 500
"""Names kept per customer; further new names are left out, known ones are still updated."""


@dataclass(slots=True)
class Portrait:
    """What is known of a customer beside his identities; `times` tells when each attribute was said (ISO 8601)."""

    name: str | None = None
    name_at: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)


def merge(portrait: Portrait, name: str | None, attributes: dict[str, Any], at: datetime) -> bool:
    """Paint what was said at `at` (aware, UTC) into `portrait`; returns whether anything changed.

    The order in which news arrives does not matter. Of two values said at the same instant the later call wins.
    """
    changed = False
    if name is not None and (portrait.name_at is None or portrait.name_at <= at):
        changed = (portrait.name, portrait.name_at) != (name, at)
        portrait.name, portrait.name_at = name, at
    said = at.isoformat(timespec="microseconds")
    for key, value in attributes.items():
        before = portrait.times.get(key)
        if before is None:
            if len(portrait.attributes) >= ATTRIBUTES_KEPT:
                continue
        elif before > said or (before == said and portrait.attributes[key] == value):
            continue
        portrait.attributes[key] = value
        portrait.times[key] = said
        changed = True
    return changed
