"""The shape of a submission as the public API takes it, and of what it answers.

Strict on purpose: `true` and "9" are not scores, unknown fields are refused, and what is left out stays unknown.
9.0 counts as 9. Limits are stated here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ingest_service.intake.scales import Direction, Metric

TEXT_LIMIT: Final = 50_000
"""Characters of a verbatim: longer than any e-mail thread seen, short enough to be analysed at once."""
TITLE_LIMIT: Final = 1_000
ID_LIMIT: Final = 255
RATINGS_LIMIT: Final = 50
ATTRIBUTES_LIMIT: Final = 100
ATTRIBUTE_KEY_LIMIT: Final = 64
ATTRIBUTE_VALUE_LIMIT: Final = 2_048
BATCH_RECORDS: Final = 10_000
BATCH_BYTES: Final = 16 * 1024 * 1024

_CONFIG = ConfigDict(strict=True, extra="forbid")

Label = Annotated[str, Field(min_length=1, max_length=ID_LIMIT)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Attributes = Annotated[
    dict[str, Any],
    Field(
        max_length=ATTRIBUTES_LIMIT,
        description="Flat: each value is a string (<= 2,048 characters), number, true, false or null.",
    ),
]


class ScaleIn(BaseModel):
    """Bounds of the question, both included. `descending`: less is better (CES 1.0)."""

    model_config = _CONFIG
    min: Number
    max: Number
    direction: Direction = "ascending"


class RatingIn(BaseModel):
    """One score. Default scales: nps 0-10 (the only one), csat 1-5, ces 1-7, stars 1-5; `rating` needs its scale."""

    model_config = _CONFIG
    metric: Metric
    value: Number
    scale: ScaleIn | None = None
    aspect: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Name of a sub-score, e.g. cleanliness.")
    ] = None


class CustomerIn(BaseModel):
    """Who spoke: at least one of external_id, email and phone; `name` and `attributes` are kept with the customer."""

    model_config = _CONFIG
    external_id: Label | None = None
    email: Annotated[str | None, Field(min_length=3, max_length=254)] = None
    phone: Annotated[
        str | None, Field(min_length=4, max_length=40, description="International, e.g. +44 20 7946 0000.")
    ] = None
    name: Annotated[str | None, Field(min_length=1, max_length=ID_LIMIT)] = None
    attributes: Attributes | None = None


class Submission(BaseModel):
    """One piece of feedback: at least one of `ratings` and `text`."""

    model_config = _CONFIG
    channel: Annotated[str, Field(min_length=1, max_length=64, description="email, web, app, widget, store, ...")]
    source: Annotated[
        Label | None, Field(description="The configured origin within the channel; the channel when left out.")
    ] = None
    submission_id: Annotated[
        Label | None,
        Field(
            description="Your id. The same (source, submission_id) again is the same feedback, never a second voice."
        ),
    ] = None
    occurred_at: Annotated[
        str | None,
        Field(max_length=64, description="ISO 8601 with offset; the time of arrival when left out."),
    ] = None
    customer: CustomerIn | None = None
    ratings: Annotated[list[RatingIn] | None, Field(max_length=RATINGS_LIMIT)] = None
    text: Annotated[str | None, Field(max_length=TEXT_LIMIT)] = None
    title: Annotated[str | None, Field(max_length=TITLE_LIMIT)] = None
    language: Annotated[
        str | None,
        Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*$", description="BCP 47, e.g. en-GB."),
    ] = None
    unit: Label | None = None
    touchpoint: Label | None = None
    attributes: Attributes | None = None


class SurveyResponse(Submission):
    """A submission from a survey in a browser: the channel is `widget` unless told."""

    channel: Annotated[str, Field(min_length=1, max_length=64)] = "widget"
    survey_id: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    publishable_key: Annotated[
        str | None, Field(max_length=255, description="For beacons, which cannot send headers; read by the gateway.")
    ] = None


class Links(BaseModel):
    """Where to look next."""

    self: str
    trace: str


class Accepted(BaseModel):
    """Stored durably. `duplicate`: nothing new was said; `revised`: a new revision of feedback that was known."""

    id: UUID
    status: Literal["accepted", "duplicate", "revised"]
    revision: int
    links: Links


class FieldFault(BaseModel):
    """One fault of a record."""

    pointer: str
    code: str
    detail: str


class LineResult(BaseModel):
    """What became of one record of a batch; `index` counts from 0 in the order sent."""

    index: int
    status: Literal["accepted", "duplicate", "revised", "rejected"]
    id: UUID | None = None
    revision: int | None = None
    errors: list[FieldFault] | None = None


class BatchResult(BaseModel):
    """202: all accepted; 207: some rejected; 422: none was valid."""

    accepted: int
    rejected: int
    results: list[LineResult]
