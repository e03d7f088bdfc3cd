"""The shape of sources in the public API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from ingest_service.channels.typeform import TypeformSettings

Name = Annotated[str, Field(min_length=1, max_length=200, description="For you.")]
SigningSecret = Annotated[
    SecretStr,
    Field(min_length=8, max_length=255, description="As set at the provider. Kept encrypted, never shown again."),
]


class SourceIn(BaseModel):
    """A source to connect. Without `signing_secret` anybody who knows the address can send to it."""

    model_config = ConfigDict(extra="forbid")
    channel: Literal["typeform"]
    name: Name
    signing_secret: SigningSecret | None = None
    settings: TypeformSettings = TypeformSettings()


class SourceChange(BaseModel):
    """What is told changes; `signing_secret` null: the provider signs no more; `settings` are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")
    name: Name | None = None
    signing_secret: SigningSecret | None = None
    settings: TypeformSettings | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what changes: name, signing_secret or settings")
        for field in ("name", "settings"):
            if field in self.model_fields_set and getattr(self, field) is None:
                raise ValueError(f"{field} cannot be null: leave it out to keep it")
        return self


class Source(BaseModel):
    """A source. Give the provider `inbound_path` at your address, with `?key=` and a publishable key."""

    id: UUID
    channel: str
    name: str
    signed: Annotated[bool, Field(description="Whether a signing secret is set: then what is not signed is refused.")]
    settings: TypeformSettings
    inbound_path: str
    created_at: datetime
    changed_at: datetime


class InboundNote(BaseModel):
    """Something of the provider's document that was left out; `pointer` is a place in it."""

    pointer: str
    code: str


class Received(BaseModel):
    """202: stored, or kept in quarantine; 200: known already (`duplicate`)."""

    id: UUID
    status: Literal["accepted", "revised", "duplicate", "quarantined"]
    revision: int | None = None
    notes: list[InboundNote] = []


class Fault(BaseModel):
    """Why a body could not be taken; `pointer` is a place in the submission that was made of it."""

    pointer: str
    code: str


class Quarantined(BaseModel):
    """A body that a signed source sent and that could not be understood. The body itself is not shown."""

    id: UUID
    received_at: datetime
    reason: str
    faults: list[Fault]
    size_bytes: int
