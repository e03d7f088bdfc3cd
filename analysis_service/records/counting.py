"""What one record adds to the cells: its answers, its sentiment, itself (pure).

One voice per question: of several answers to the same (metric, aspect) in one record the first counts, so that what
the cells say and what the records say can never differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from analysis_service.metrics import nps
from analysis_service.metrics.cells import CellKey
from analysis_service.metrics.scales import Scale
from analysis_service.metrics.tally import (
    NPS,
    ONE,
    SENTIMENT,
    UNSCORED,
    VOLUME,
    Tally,
    of_rating,
    of_sentiment,
)
from analysis_service.metrics.windows import hour_of
from shared.contracts.ingest_events import Rating

NO_TEXT = "no_text"
"""The reason that is none: a record without words has no sentiment and is not missing one."""


class Answer(NamedTuple):
    """One answer that counts. `aspect` is empty for the score of the whole."""

    metric: str
    scale: str
    aspect: str
    value: float


@dataclass(frozen=True, slots=True)
class Counted:
    """The part of a record that counts."""

    org_id: UUID
    occurred_at: datetime
    facet: UUID
    answers: tuple[Answer, ...]
    sentiment: str | None
    score: float | None
    reason: str | None


def answers_of(ratings: Iterable[Rating]) -> tuple[Answer, ...]:
    """The answers that count: the first of each (metric, aspect), on its scale, to three decimals.

    An "nps" on any other scale than 0–10 is not an NPS answer and counts nowhere; the record keeps it.
    """
    found: dict[tuple[str, str], Answer] = {}
    for rating in ratings:
        scale = Scale(rating.scale.min, rating.scale.max, rating.scale.direction)
        key = scale.key
        if not scale.holds(rating.value) or (rating.metric == NPS and key != nps.SCALE):
            continue
        aspect = rating.aspect or ""
        found.setdefault((rating.metric, aspect), Answer(rating.metric, key, aspect, round(rating.value, 3)))
    return tuple(found.values())


def contributions(counted: Counted) -> Iterator[tuple[CellKey, Tally]]:
    """The cells that a record counts in, and what it adds to each."""
    org_id, facet, hour = counted.org_id, counted.facet, hour_of(counted.occurred_at)
    yield CellKey(org_id, VOLUME, hour, facet, "", ""), ONE
    for answer in counted.answers:
        key = CellKey(org_id, answer.metric, hour, facet, answer.scale, answer.aspect)
        yield key, of_rating(answer.metric, answer.scale, answer.value)
    if counted.sentiment is not None and counted.score is not None:
        yield CellKey(org_id, SENTIMENT, hour, facet, "", ""), of_sentiment(counted.sentiment, counted.score)
    elif counted.reason != NO_TEXT:
        yield CellKey(org_id, UNSCORED, hour, facet, "", ""), ONE
