"""API shapes of cases."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from loop_service.cases.lifecycle import Outcome, Status
from loop_service.cases.priority import Priority
from shared.web.pagination import Page

Channel = Annotated[str, Field(min_length=1, max_length=64, examples=["phone"])]
Note = Annotated[str, Field(min_length=1, max_length=5000, examples=["Called back, refund agreed."])]
Owner = Annotated[str, Field(min_length=3, max_length=320, examples=["agent@example.com"])]


class OwnerOut(BaseModel):
    """Who has to act. Name and e-mail are null when the member is not known here (any more)."""

    id: UUID
    name: str | None
    email: str | None


class PriorityReason(BaseModel):
    """One part of the priority score: its points and why they were given."""

    factor: str
    points: int
    because: str


class CaseOut(BaseModel):
    """A case. `next` lists the statuses it may go to now; `overdue` says that its time has passed."""

    id: UUID
    version: int
    title: str
    status: Status
    next: list[Status]
    outcome: Outcome | None
    owner: OwnerOut | None
    priority: Priority
    priority_score: int = Field(ge=0, le=100)
    priority_reasons: list[PriorityReason]
    due_at: datetime | None
    overdue: bool
    rule_id: UUID
    rule_version: int
    feedback_id: UUID
    customer_id: UUID | None
    channel: str | None
    unit: str | None
    touchpoint: str | None
    customer_informed_at: datetime | None
    customer_informed_channel: str | None
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    reopened: int = Field(description="How often the case was taken up again after its end.")


class CaseList(Page[CaseOut]):
    """One page of cases; `total` counts all that match the filters, on whatever page they are."""

    total: int = Field(ge=0)


class Actor(BaseModel):
    """Who did it: a member, an API key, or a rule."""

    kind: str
    id: UUID | None
    name: str


class HistoryEntry(BaseModel):
    """One thing that happened to a case."""

    id: UUID
    kind: Literal["opened", "transition", "change", "note"]
    at: datetime
    actor: Actor
    from_status: Status | None
    to_status: Status | None
    note: str | None
    changes: dict[str, Any]


class CaseDetail(CaseOut):
    """A case with everything that happened to it, oldest first."""

    history: list[HistoryEntry]


Sort = Literal["opened", "priority", "due"]


class CaseFilters(BaseModel):
    """Filters of the list, all that are given must hold; its order and page."""

    model_config = ConfigDict(extra="forbid")
    status: Annotated[
        str | None, Field(description="One or several, comma-separated: new,assigned", max_length=200)
    ] = None
    open: Annotated[bool | None, Field(description="true: somebody still has to act; false: resolved or closed")] = None
    owner: Annotated[str | None, Field(description='Member id, e-mail, "me" or "none"', max_length=320)] = None
    priority: Priority | None = None
    unit: Annotated[str | None, Field(max_length=255)] = None
    channel: Annotated[str | None, Field(max_length=64)] = None
    overdue: bool | None = None
    feedback_id: UUID | None = None
    customer_id: UUID | None = None
    sort: Annotated[
        Sort,
        Field(
            description="opened: newest first; priority: most urgent first, then the longest waiting; due: earliest "
            "first, those without a due time last"
        ),
    ] = "opened"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str | None, Field(max_length=500)] = None


class CasePatch(BaseModel):
    """Change what is given, leave the rest; null takes the owner or the due time away."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"owner": "agent@example.com"}]})
    owner: Owner | None = None
    priority: Priority | None = None
    due_at: AwareDatetime | None = None
    customer_informed_at: AwareDatetime | None = None
    customer_informed_channel: Channel | None = None

    @model_validator(mode="after")
    def _something_to_do(self) -> "CasePatch":
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        if "priority" in self.model_fields_set and self.priority is None:
            raise ValueError("a priority cannot be taken away, only changed")
        return self


class TransitionIn(BaseModel):
    """One step of a case. `outcome` belongs to closing; `owner` may be given with any step."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"to": "contacting", "note": "Left a message"}, {"to": "closed", "outcome": "recovered"}]
        },
    )
    to: Status
    note: Note | None = None
    outcome: Outcome | None = None
    owner: Owner | None = None
    customer_informed_at: AwareDatetime | None = None
    customer_informed_channel: Channel | None = None


class NoteIn(BaseModel):
    """A note for colleagues; the customer never sees it."""

    model_config = ConfigDict(extra="forbid")
    note: Note
