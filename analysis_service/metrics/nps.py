"""Net Promoter Score: 100 × (promoters − detractors) ÷ answers, with its MOVER-Wilson interval (pure).

Promoters answer 9–10, passives 7–8, detractors 0–6 on a 0–10 question (Reichheld 2003, "The one number you
need to grow", HBR; netpromotersystem.com). Only answers count. Nothing answered is null, not 0: 0 is a score.
"""

from __future__ import annotations

from typing import Literal

from analysis_service.metrics import intervals

SCALE = "0-10"
"""The only scale on which the score is defined; on any other it would be another number of the same name."""

Group = Literal["promoter", "passive", "detractor"]


def group(value: float) -> Group:
    """Which group an answer on 0–10 belongs to. Raises ValueError off the scale."""
    if not 0 <= value <= 10:
        raise ValueError("an NPS answer lies on 0 to 10")
    if value >= 9:
        return "promoter"
    return "passive" if value >= 7 else "detractor"


def score(promoters: int, detractors: int, n: int) -> float | None:
    """The score, −100…100; None for n = 0. Example: 7 promoters and 2 detractors of 10 are +50."""
    return 100 * (promoters - detractors) / n if n > 0 else None


def interval(promoters: int, detractors: int, n: int) -> intervals.Interval | None:
    """95 % interval of the score in points; None for n = 0. Five promoters of five do not make "100 ± 0"."""
    limits = intervals.net_score(promoters, detractors, n)
    return None if limits is None else (100 * limits[0], 100 * limits[1])
