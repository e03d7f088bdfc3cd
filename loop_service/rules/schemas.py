"""API shapes of rules."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from loop_service.cases.priority import Priority
from loop_service.rules.titles import DEFAULT_TITLE, MAX_TITLE, PLACEHOLDERS, unknown_placeholders

Name = Annotated[str, Field(min_length=1, max_length=120, examples=["Angry about refunds"])]
EXAMPLE = {
    "all": [
        {"field": "rating.nps", "op": "lte", "value": 6},
        {"field": "text", "op": "contains", "value": ["refund*"]},
    ]
}
Tree = Annotated[
    dict[str, Any],
    Field(
        description="A condition: {all: [...]}, {any: [...]}, {not: {...}} or {field, op, value}.", examples=[EXAMPLE]
    ),
]


class OpenCase(BaseModel):
    """Open a case, once per feedback and rule."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["open_case"]
    owner: Annotated[
        str | None,
        Field(
            min_length=3,
            max_length=320,
            description='Id or e-mail of a member; "auto": the least busy manager, admin or owner; null: nobody',
        ),
    ] = "auto"
    priority: Annotated[Priority | None, Field(description="null: by the priority score")] = None
    due_in_hours: Annotated[float | None, Field(gt=0, le=24 * 365, examples=[48])] = 48
    title: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TITLE,
            description="Words with placeholders, none of which holds the customer's own words: "
            + "; ".join(f"{{{name}}} {words}" for name, words in PLACEHOLDERS.items())
            + ". What is unknown reads as a dash; between ` · ` it is left out.",
        ),
    ] = DEFAULT_TITLE

    @field_validator("title")
    @classmethod
    def _known_names(cls, value: str) -> str:
        if unknown_placeholders(value):
            raise ValueError(f"only these names may stand in braces: {', '.join(PLACEHOLDERS)}")
        return value


class RuleIn(BaseModel):
    """A rule as it is saved."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    enabled: bool = True
    condition: Tree
    actions: Annotated[list[OpenCase], Field(min_length=1, max_length=1)]


class RuleOut(BaseModel):
    """A rule; `version` grows with each change, `preset` names the one given to every organisation."""

    id: UUID
    version: int
    name: str
    enabled: bool
    condition: dict[str, Any]
    actions: list[OpenCase]
    preset: str | None
    created_at: datetime
    updated_at: datetime


class RuleFilters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str | None, Field(max_length=500)] = None


class DryRunIn(BaseModel):
    """Try a condition on what has already arrived; nothing is opened or sent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"condition": {"field": "rating.nps", "op": "lte", "value": 6}}]},
    )
    condition: Tree
    since: Annotated[AwareDatetime | None, Field(description="Only feedback that occurred at or after this time")] = (
        None
    )


class DryRunReason(BaseModel):
    pointer: str
    matched: bool
    text: str


class DryRunExample(BaseModel):
    """One record that would have matched, and why."""

    feedback_id: UUID
    occurred_at: datetime
    channel: str | None
    reasons: list[DryRunReason]


class DryRunOut(BaseModel):
    """`matched` of `looked_at` records; `complete` is false when the newest records were not all there are."""

    matched: int
    looked_at: int
    complete: bool
    stopped_because: Literal["end", "cap", "deadline"]
    oldest: datetime | None
    newest: datetime | None
    examples: list[DryRunExample]
