"""API shapes of the mail log."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MailState = Literal["pending", "sent", "dead", "not_configured"]


class MailOut(BaseModel):
    """A mail to one member. `not_configured`: no mail server is set, so nothing was tried."""

    id: UUID
    kind: Literal["case_opened", "case_assigned"]
    case_id: UUID
    feedback_id: UUID | None
    member_id: UUID
    state: MailState
    attempts: int
    next_at: datetime | None
    last_reason: str | None
    created_at: datetime
    settled_at: datetime | None


class MailFilters(BaseModel):
    """Filters of the mail log."""

    model_config = ConfigDict(extra="forbid")
    state: MailState | None = None
    case_id: UUID | None = None
    member_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str | None, Field(max_length=500)] = None
