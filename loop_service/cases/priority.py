"""How urgent is a case, and why? A score of 0..100 as a sum of named points (pure).

The points are a convention of ours, not a measurement: they say in which order to read, and every point
shows its reason, so that a team can disagree with a number it sees. Each factor is capped so that no
single one makes a case urgent alone: urgent = a very low score, strong words and a customer we know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


THRESHOLDS = ((75, Priority.URGENT), (50, Priority.HIGH), (25, Priority.NORMAL), (0, Priority.LOW))
"""Least score of each level, highest first."""

URGENCY_RANK = {priority: rank for rank, (_, priority) in enumerate(THRESHOLDS)}
"""0 for the most urgent level: in which order to read."""

RATING_POINTS = 40  # for the worst possible score, falling linearly to 0 at the middle of the scale
SENTIMENT_POINTS = 25  # for a sentiment score of -1, falling linearly to 0 at 0
WORDS_POINTS = 10  # there are words: something concrete can be done
CUSTOMER_POINTS = 15  # the customer is known: he can be answered
REPEAT_POINTS = 10  # he already has a case open: we failed him before


@dataclass(frozen=True, slots=True)
class Points:
    factor: str
    points: int
    because: str


@dataclass(frozen=True, slots=True)
class Urgency:
    """`score` 0..100 is the sum of `points`; `priority` is its level."""

    score: int
    priority: Priority
    points: tuple[Points, ...]


def urgency(
    *,
    rating_percents: Sequence[float],
    sentiment_score: float | None,
    has_words: bool,
    customer_known: bool,
    open_cases_of_customer: int,
) -> Urgency:
    """Score a case. `rating_percents` are 0..100 with 100 best (the worst counts); sentiment is -1..1."""
    given: list[Points] = []
    if rating_percents:
        worst = min(max(0.0, min(rating_percents)), 100.0)
        points = round(RATING_POINTS * max(0.0, 50 - worst) / 50)
        given.append(Points("rating", points, f"worst rating at {worst:g} % of its scale"))
    if sentiment_score is not None:
        points = round(SENTIMENT_POINTS * min(1.0, max(0.0, -sentiment_score)))
        given.append(Points("sentiment", points, f"sentiment {sentiment_score:+.2f}"))
    given.append(Points("words", WORDS_POINTS if has_words else 0, "said why" if has_words else "gave no words"))
    known = "a customer we know" if customer_known else "nobody we know"
    given.append(Points("customer", CUSTOMER_POINTS if customer_known else 0, known))
    if open_cases_of_customer > 0:
        given.append(Points("repeat", REPEAT_POINTS, f"{open_cases_of_customer} open case(s) of the same customer"))
    score = min(100, sum(one.points for one in given))
    return Urgency(score, level(score), tuple(given))


def level(score: int) -> Priority:
    """The level of a score of 0..100."""
    return next(priority for least, priority in THRESHOLDS if score >= least)
