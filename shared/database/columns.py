"""Column shapes that many tables share, for SQLModel tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DateTime, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field


def org_key() -> Any:
    """`org_id`, the first column of every primary key."""
    return Field(primary_key=True, sa_type=Uuid)


def id_key() -> Any:
    """A UUID that completes the primary key after `org_id`."""
    return Field(primary_key=True, sa_type=Uuid)


def uuid_column(*, nullable: bool = False) -> Any:
    """A UUID that is no key."""
    return Field(default=None, nullable=True, sa_type=Uuid) if nullable else Field(sa_type=Uuid)


def utc(*, nullable: bool = False) -> Any:
    """A timestamptz; values are aware."""
    kind = DateTime(timezone=True)
    if nullable:
        return Field(default=None, nullable=True, sa_type=kind)
    return Field(sa_type=kind)


def words(*, nullable: bool = False) -> Any:
    """Text without a length limit of its own."""
    return Field(default=None, nullable=True, sa_type=Text) if nullable else Field(sa_type=Text)


def jsonb(*, nullable: bool = False) -> Any:
    """A jsonb document."""
    return Field(default=None, nullable=True, sa_type=JSONB) if nullable else Field(sa_type=JSONB)


__all__ = ["id_key", "jsonb", "org_key", "utc", "uuid_column", "words"]
