"""Counts that scores are made of: exact, additive, and so fit to be kept in cells (pure).

A tally knows what one answer adds, and what a sum of tallies is. Sums are whole numbers (thousandths and
millionths), because floating-point sums would not return to where they were when a revision subtracts what it
replaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from analysis_service.metrics import nps, scales

NPS: Final = "nps"
CSAT: Final = "csat"
CES: Final = "ces"
STARS: Final = "stars"
RATING: Final = "rating"
VOLUME: Final = "volume"
SENTIMENT: Final = "sentiment"
UNSCORED: Final = "sentiment_unscored"
RATED: Final = (NPS, CSAT, CES, STARS, RATING)
"""Metrics whose answers are numbers on a scale."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers counted: n in all; favourable, neutral and unfavourable among them; sum and sum of squares.

    `total` is in thousandths, `total_squares` in millionths of the scale's unit. For sentiment, n −
    favourable − neutral − unfavourable is the number of mixed records.
    """

    n: int = 0
    favourable: int = 0
    neutral: int = 0
    unfavourable: int = 0
    total: int = 0
    total_squares: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.n + other.n,
            self.favourable + other.favourable,
            self.neutral + other.neutral,
            self.unfavourable + other.unfavourable,
            self.total + other.total,
            self.total_squares + other.total_squares,
        )

    def __neg__(self) -> Tally:
        return self.times(-1)

    def times(self, count: int) -> Tally:
        """The tally of `count` equal answers."""
        return Tally(
            self.n * count,
            self.favourable * count,
            self.neutral * count,
            self.unfavourable * count,
            self.total * count,
            self.total_squares * count,
        )


ONE: Final = Tally(n=1)
"""What one record adds to volume, and one text that could not be scored adds to `sentiment_unscored`."""


@lru_cache(maxsize=65536)
def of_rating(metric: str, scale_key: str, value: float) -> Tally:
    """What one answer on a scale adds to `metric`. A value is taken to three decimals, as it is stored."""
    scale = scales.parse(scale_key)
    thousandths = round(value * 1000)
    favourable = neutral = unfavourable = 0
    if metric == NPS:
        if scale_key == nps.SCALE:
            group = nps.group(value)
            favourable, neutral, unfavourable = group == "promoter", group == "passive", group == "detractor"
    elif metric in (CSAT, STARS, CES):
        box = scales.agreement(scale) if metric == CES else scales.top_box(scale)
        if box is not None:
            favourable = box[0] <= value <= box[1]
            unfavourable = not favourable
    return Tally(1, int(favourable), int(neutral), int(unfavourable), thousandths, thousandths * thousandths)


def of_sentiment(label: str, score: float) -> Tally:
    """What one scored text adds to sentiment. `label` is positive, neutral, negative or mixed; score −1…1."""
    thousandths = round(score * 1000)
    return Tally(
        1,
        int(label == "positive"),
        int(label == "neutral"),
        int(label == "negative"),
        thousandths,
        thousandths * thousandths,
    )
