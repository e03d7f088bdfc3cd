"""API shapes of `GET /v1/terms`."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from analysis_service.metrics.inputs import DimensionQuery, Written
from analysis_service.metrics.schemas import Completeness, MethodOut
from analysis_service.terms.groups import Group


class TermQuery(DimensionQuery):
    """Which group, over which window and filters."""

    from_: Written | None = Field(default=None, alias="from", description="Default: the oldest record.")
    to: Written | None = Field(default=None, description="End of the window, not part of it. Default: now.")
    group: Group = Field(
        default="critical",
        description="Whose words: critical (detractors, and negative texts without an NPS answer), detractors, "
        "passives, promoters, negative, positive.",
    )
    limit: int = Field(default=20, ge=1, le=100)


class TermFound(BaseModel):
    """One term of the group."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    term: str
    z: float
    """How markedly the group says it more than the rest; above 2 is hard to explain by chance."""
    log_odds: float
    n: int
    """Records of the group with this term."""
    n_customers: int
    """Distinct customers among them."""
    share: float
    n_rest: int
    share_rest: float | None


class TermsAnswer(BaseModel):
    """The terms that set the group apart, the most marked first."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    group: Group
    group_words: str
    method: MethodOut
    from_: datetime | None = Field(alias="from", description="null: from the oldest record on.")
    to: datetime
    n: int
    """Records of the group that were read."""
    n_rest: int
    sampled: bool
    """Whether there were more records than are read for one answer; the newest were read then."""
    terms: list[TermFound]
    completeness: Completeness
