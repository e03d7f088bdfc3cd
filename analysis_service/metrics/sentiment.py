"""Net sentiment: 100 × (positive − negative) ÷ scored texts, with its MOVER-Wilson interval (pure).

Neutral and mixed texts count among the scored; a text that could not be scored (its language is not
supported) counts apart as `unscored`, because treating it as neutral would pull every score towards 0.
"""

from __future__ import annotations

from analysis_service.metrics import nps
from analysis_service.metrics.intervals import Interval


def score(positive: int, negative: int, n: int) -> float | None:
    """Net sentiment, −100…100; None for n = 0."""
    return nps.score(positive, negative, n)


def interval(positive: int, negative: int, n: int) -> Interval | None:
    """95 % interval in points; None for n = 0."""
    return nps.interval(positive, negative, n)
