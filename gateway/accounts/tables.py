"""SQLModel tables of the accounts: schema `gateway`, private to this slice."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, LargeBinary, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database.columns import id_key, jsonb, org_key, utc, uuid_column, words


class GatewayTable(SQLModel, registry=registry(metadata=MetaData(schema="gateway"))):
    """Base of this service's tables (`registry=`, because `metadata=` alone would silently drop the schema)."""


class Organization(GatewayTable, table=True):
    """A customer of ours: the wall that nothing crosses."""

    __tablename__: ClassVar[Any] = "organizations"
    org_id: UUID = org_key()
    name: str = words()
    created_at: datetime = utc()
    updated_at: datetime = utc()


class Member(GatewayTable, table=True):
    """A person who may sign in."""

    __tablename__: ClassVar[Any] = "members"
    org_id: UUID = org_key()
    id: UUID = id_key()
    email: str = words()
    name: str = words()
    role: str = words()
    active: bool = True
    password_hash: str | None = words(nullable=True)
    version: int = Field(default=1, sa_type=Integer)
    created_at: datetime = utc()
    updated_at: datetime = utc()


class ApiKey(GatewayTable, table=True):
    """A key: what is shown of it, its digest, its rights and its life."""

    __tablename__: ClassVar[Any] = "api_keys"
    org_id: UUID = org_key()
    id: UUID = id_key()
    kind: str = words()
    name: str = words()
    shown_prefix: str = words()
    last4: str = words()
    digest: bytes = Field(sa_type=LargeBinary)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    allowed_origins: list[str] = Field(sa_type=ARRAY(Text))
    created_by: UUID | None = uuid_column(nullable=True)
    created_at: datetime = utc()
    expires_at: datetime | None = utc(nullable=True)
    revoked_at: datetime | None = utc(nullable=True)
    last_used_at: datetime | None = utc(nullable=True)
    replaced_by: UUID | None = uuid_column(nullable=True)


class Session(GatewayTable, table=True):
    """A browser that is signed in."""

    __tablename__: ClassVar[Any] = "sessions"
    org_id: UUID = org_key()
    id: UUID = id_key()
    member_id: UUID = uuid_column()
    digest: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = utc()
    expires_at: datetime = utc()
    ended_at: datetime | None = utc(nullable=True)


class SignInLink(GatewayTable, table=True):
    """A link that signs a member in: once, or until it expires."""

    __tablename__: ClassVar[Any] = "sign_in_links"
    org_id: UUID = org_key()
    id: UUID = id_key()
    member_id: UUID = uuid_column()
    digest: bytes = Field(sa_type=LargeBinary)
    reusable: bool = False
    created_at: datetime = utc()
    expires_at: datetime = utc()
    used_at: datetime | None = utc(nullable=True)


class AuditLine(GatewayTable, table=True):
    """One line of the audit trail; never changed."""

    __tablename__: ClassVar[Any] = "audit_log"
    org_id: UUID = org_key()
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = uuid_column()
    at: datetime = utc()
    actor_kind: str = words()
    actor_id: UUID | None = uuid_column(nullable=True)
    action: str = words()
    subject_type: str = words()
    subject_id: UUID | None = uuid_column(nullable=True)
    details: dict[str, Any] = jsonb()
    hash: bytes = Field(sa_type=LargeBinary)
