"""What a rule may look at: one feedback record as plain values (pure).

Built from the data of a FeedbackAnalyzed event or from a record of `GET /v1/feedback`; both carry the
same names. Whatever is missing, of the wrong type or absurd is treated as absent: a rule must never
fail because of one odd record among thousands.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Scalar = str | int | float | bool
LARGEST = 1e15  # a rating or attribute beyond this is a mistake, and float arithmetic on it would overflow


@dataclass(frozen=True, slots=True)
class Score:
    """One rating: `value` as told; `percent` 0..100 by its scale where 100 is best, None without a scale.

    `ends` are the worst and the best value of the scale: (1, 5), or (6, 1) where less is better.
    """

    metric: str
    value: float
    percent: float | None
    aspect: str | None = None
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The record's values; None means unknown. `words` is title and text together, as told."""

    scores: tuple[Score, ...] = ()
    words: str | None = None
    sentiment_label: str | None = None
    sentiment_score: float | None = None
    channel: str | None = None
    source: str | None = None
    unit: str | None = None
    touchpoint: str | None = None
    language: str | None = None
    customer_known: bool = False
    attributes: Mapping[str, Scalar] = field(default_factory=dict)


def facts_of(data: Mapping[str, Any]) -> Facts:
    """Read a record; never raises, odd parts count as absent."""
    sentiment = data.get("sentiment")
    sentiment = sentiment if isinstance(sentiment, Mapping) else {}
    attributes = data.get("attributes")
    pieces = [piece for piece in (_text(data.get("title")), _text(data.get("text"))) if piece]
    return Facts(
        scores=_scores(data.get("ratings")),
        words="\n".join(pieces) or None,
        sentiment_label=_text(sentiment.get("label")),
        sentiment_score=_number(sentiment.get("score")),
        channel=_text(data.get("channel")),
        source=_text(data.get("source")),
        unit=_text(data.get("unit")),
        touchpoint=_text(data.get("touchpoint")),
        language=_text(data.get("language")),
        customer_known=bool(data.get("customer_id")),
        attributes={
            str(key): value
            for key, value in (attributes.items() if isinstance(attributes, Mapping) else ())
            if isinstance(value, str | int | float)
        },
    )


def _scores(ratings: Any) -> tuple[Score, ...]:
    found = []
    for rating in ratings if isinstance(ratings, list | tuple) else ():
        if not isinstance(rating, Mapping):
            continue
        metric, value = _text(rating.get("metric")), _number(rating.get("value"))
        if metric is None or value is None:
            continue
        ends = _ends(rating.get("scale"))
        found.append(Score(metric, value, _percent(value, ends), _text(rating.get("aspect")), ends))
    return tuple(found)


def _ends(scale: Any) -> tuple[float, float] | None:
    if not isinstance(scale, Mapping):
        return None
    low, high = _number(scale.get("min")), _number(scale.get("max"))
    if low is None or high is None or high <= low:
        return None
    return (high, low) if scale.get("direction") == "descending" else (low, high)


def _percent(value: float, ends: tuple[float, float] | None) -> float | None:
    if ends is None:
        return None
    worst, best = ends
    return round(min(1.0, max(0.0, (value - worst) / (best - worst))) * 100, 2)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    """A finite number of sane size; True and False are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -LARGEST <= value <= LARGEST or math.isnan(value):
        return None
    return float(value)
