"""API shapes of webhook endpoints and deliveries."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from loop_service.webhooks.destinations import MAX_URL

EventType = Literal["case.opened", "case.changed", "feedback.analyzed"]
DeliveryState = Literal["pending", "delivered", "dead", "held", "cancelled"]
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL, examples=["https://hooks.example.com/cxloop"])]
Description = Annotated[str, Field(max_length=200)]
Events = Annotated[list[EventType], Field(min_length=1, max_length=3)]


class EndpointIn(BaseModel):
    """Where to send, and what."""

    model_config = ConfigDict(extra="forbid")
    url: Url
    description: Description = ""
    events: Events = ["case.opened", "case.changed"]


class EndpointPatch(BaseModel):
    """Change what is given. `enabled: true` switches an endpoint on again and sends what waited for it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": True}]})
    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _something_to_do(self) -> "EndpointPatch":
        if not self.model_fields_set or any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("name at least one field to change, none of them null")
        return self


class EndpointOut(BaseModel):
    """A receiver. `failing_since`: nothing but failures since then; after 120 hours it is switched off."""

    id: UUID
    version: int
    url: str
    description: str
    events: list[EventType]
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    last_delivered_at: datetime | None
    previous_secret_until: datetime | None = Field(
        description="Until then the secret before the last rotation signs too."
    )
    created_at: datetime
    updated_at: datetime


class EndpointCreated(EndpointOut):
    """The new endpoint with its secret, which is shown only now."""

    secret: str = Field(
        description="Verify with it: Standard Webhooks, `whsec_` and base64.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class RotateIn(BaseModel):
    """How long the old secret keeps signing beside the new one."""

    model_config = ConfigDict(extra="forbid")
    overlap_hours: Annotated[float, Field(ge=0, le=168)] = 24


class TestIn(BaseModel):
    """Which payload to send; the newest real one of that type, or an example while there is none."""

    model_config = ConfigDict(extra="forbid")
    type: EventType | None = None


class TestResult(BaseModel):
    """What came back. `status` is null when there was no answer; `reason` says what was wrong."""

    delivered: bool
    delivery_id: UUID
    type: EventType
    status: int | None
    reason: str | None
    duration_ms: int
    response: str | None = Field(description="The first 2 KiB of the answer.")


class AttemptOut(BaseModel):
    """One call and what came back."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    reason: str | None
    response: str | None


class DeliveryOut(BaseModel):
    """A message on its way to one endpoint. `webhook_id` is the header that the receiver sees."""

    id: UUID
    webhook_id: str
    endpoint_id: UUID
    type: EventType
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    last_status: int | None
    last_reason: str | None
    created_at: datetime
    settled_at: datetime | None


class DeliveryDetail(DeliveryOut):
    """With the exact payload and every attempt, oldest first."""

    payload: str
    log: list[AttemptOut]


class EndpointFilters(BaseModel):
    """A page of endpoints."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str | None, Field(max_length=500)] = None


class DeliveryFilters(EndpointFilters):
    """Filters of the delivery log."""

    endpoint_id: UUID | None = None
    state: DeliveryState | None = None
    type: EventType | None = None
