"""Events that the gateway publishes."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class MemberChanged(BaseModel):
    """A member of an organisation as he stands now; others keep a directory by it."""

    model_config = ConfigDict(frozen=True)
    member_id: UUID
    email: str
    name: str
    role: str
    active: bool
    version: int
