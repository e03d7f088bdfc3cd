"""API shapes of metrics: the question, and the answer with its method and completeness."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis_service.metrics.inputs import DimensionQuery, Word, Written

MetricName = Literal["nps", "csat", "ces", "stars", "rating", "volume", "sentiment"]
GroupBy = Literal["channel", "source", "unit", "touchpoint", "language"]


class MetricQuery(DimensionQuery):
    """Window, interval, grouping and filters of `GET /v1/metrics/{metric}`."""

    from_: Written | None = Field(
        default=None,
        alias="from",
        description="Beginning of the window, a date or a time; a date is midnight in `timezone`. Default: the "
        "oldest record (by day: at most 13 years).",
    )
    to: Written | None = Field(default=None, description="End of the window, itself not part of it. Default: now.")
    interval: Literal["day", "week", "month", "total"] = Field(
        default="week", description="Length of the buckets; weeks begin on Monday; total is one bucket."
    )
    group_by: GroupBy | None = Field(default=None, description="One series per value of this dimension.")
    timezone: Word = Field(default="UTC", description="IANA time zone in which days begin, e.g. Europe/Paris.")
    aspect: Word = Field(default="", description="A sub-score, e.g. cleanliness; default: the score of the whole.")


class MethodOut(BaseModel):
    """How the numbers were made."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    words: str
    source: str


class Point(BaseModel):
    """One bucket of one group and scale. `value` and `ci95` are null where nothing was answered.

    The counts that belong to the metric stand beside: promoters, passives, detractors (nps); top_box, other, mean
    (csat); agree_percent, agree_ci95, agreeing, other (ces); top_box_percent, top_box_ci95, top_box, other (stars);
    positive, neutral, negative, mixed, unscored, mean_score (sentiment).
    """

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    start: datetime
    """Where the calendar period begins."""
    group: str | None
    """Value of the dimension grouped by; null without grouping, and for records that have none."""
    scale: str | None
    """The scale answered on, e.g. 1-5; scales are never mixed. Null for volume and sentiment."""
    value: float | None
    ci95: list[float] | None
    n: int
    n_customers: int
    """Distinct customers among the answers."""
    n_anonymous: int
    """Answers that name no customer."""
    partial: bool
    """Whether the window begins or ends inside this bucket."""


class Completeness(BaseModel):
    """What these numbers cannot know yet."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pending: int
    """Feedback received and not analysed yet."""
    failed: int
    """Feedback whose analysis was given up; see `cxloop events dead`."""
    as_of: datetime


class MetricAnswer(BaseModel):
    """A metric over a window."""

    model_config = ConfigDict(populate_by_name=True, use_attribute_docstrings=True)

    metric: MetricName
    method: MethodOut
    from_: datetime = Field(alias="from")
    to: datetime
    interval: str
    timezone: str
    group_by: GroupBy | None
    aspect: str | None
    total: Point
    """The whole window in one point. With answers on several scales `value` is null: see `totals`."""
    totals: list[Point]
    """The whole window, one point per scale."""
    series: list[Point]
    notes: list[str]
    """What a reader must know: several scales, a scale without a rule."""
    completeness: Completeness
