"""API shapes of the accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.accounts.origins import normal_origin
from gateway.accounts.roles import Role, unknown_scopes

YEAR_S = 365 * 24 * 3600


def _email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        raise ValueError("is not an e-mail address") from None


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return value


def _scopes(value: list[str]) -> list[str]:
    if unknown_scopes(value):
        raise ValueError("holds a scope that a secret key cannot have; the documentation lists them")
    return sorted(set(value))


def _origins(value: list[str]) -> list[str]:
    return sorted({normal_origin(one) for one in value})


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_printable)
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320), AfterValidator(_email)]
Password = Annotated[str, StringConstraints(min_length=12, max_length=256)]
Scopes = Annotated[
    list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=64), AfterValidator(_scopes)
]
Origins = Annotated[
    list[Annotated[str, StringConstraints(max_length=255)]], Field(max_length=50), AfterValidator(_origins)
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrganizationOut(BaseModel):
    id: UUID
    name: str
    created_at: datetime


class OrganizationPatch(_In):
    name: Name


class MemberOut(BaseModel):
    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime
    updated_at: datetime


class MemberIn(_In):
    email: Email
    name: Name
    role: Role


class MemberPatch(_In):
    name: Name | None = None
    role: Role | None = None
    active: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> MemberPatch:
        if not self.model_fields_set:
            raise ValueError("name, role or active is needed")
        return self


class ApiKeyOut(BaseModel):
    id: UUID
    kind: Literal["secret", "publishable"]
    name: str
    prefix: str = Field(description="Kind and first random characters of the key.")
    last4: str
    scopes: list[str]
    allowed_origins: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: UUID | None


class ApiKeyCreated(ApiKeyOut):
    key: str = Field(description="The key itself: shown here and never again.")


class ApiKeyIn(_In):
    kind: Literal["secret", "publishable"] = "secret"
    name: Name
    scopes: Scopes | None = Field(default=None, description="Secret keys; left out: everything the caller may do.")
    allowed_origins: Origins = Field(default=[], description="Publishable keys: pages of exactly these origins.")
    expires_in: int | None = Field(default=None, ge=60, le=10 * YEAR_S, description="Seconds; left out: no end.")

    @model_validator(mode="after")
    def _fits_kind(self) -> ApiKeyIn:
        if self.kind == "publishable" and self.scopes is not None:
            raise ValueError("a publishable key takes no scopes; it may submit responses and nothing else")
        if self.kind == "secret" and self.allowed_origins:
            raise ValueError("only a publishable key has allowed_origins; a secret key never goes into a web page")
        return self


class RotateIn(_In):
    overlap: int = Field(default=24 * 3600, ge=0, le=30 * 24 * 3600, description="Seconds both keys work.")


class SignInLinkIn(_In):
    member_id: UUID | None = None
    email: Email | None = None
    reusable: bool = Field(default=False, description="Works until it expires instead of once.")
    expires_in: int = Field(default=900, ge=60, le=30 * 24 * 3600, description="Seconds.")

    @model_validator(mode="after")
    def _one_of(self) -> SignInLinkIn:
        if (self.member_id is None) == (self.email is None):
            raise ValueError("exactly one of member_id and email is needed")
        return self


class SignInLinkOut(BaseModel):
    id: UUID
    url: str
    member_id: UUID
    reusable: bool
    expires_at: datetime


class SessionIn(_In):
    organization_id: UUID | None = Field(default=None, description="Needed only by members of several organisations.")
    email: Email
    password: Annotated[str, StringConstraints(max_length=256)]


class PasswordIn(_In):
    current: Annotated[str, StringConstraints(max_length=256)] | None = None
    new: Password


class SessionOut(BaseModel):
    member: MemberOut
    organization: OrganizationOut
    scopes: list[str]


class AuditLineOut(BaseModel):
    seq: int
    id: UUID
    at: datetime
    actor: dict[str, Any] = Field(description='{"kind": …, "id": …}')
    action: str
    subject: dict[str, Any] = Field(description='{"type": …, "id": …}')
    details: dict[str, Any]
    hash: str = Field(description="SHA-256 over the line before and this one, hexadecimal.")
