"""The one source of ids: UUIDv7, made by the application, so that ids sort by time and need no server."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562); later ids of one process sort after earlier ones."""
    return uuid7()
