"""Customer satisfaction: per cent of answers in the top box of their scale, with its Wilson interval (pure).

On 1–5 the top box is 4–5; the rule of every scale is in `scales.py`. Example: 8 of 10 answers at 4 or 5 are
80 %.
"""

from __future__ import annotations

from analysis_service.metrics import intervals


def score(satisfied: int, n: int) -> float | None:
    """Per cent satisfied, 0…100; None for n = 0."""
    return 100 * satisfied / n if n > 0 else None


def interval(satisfied: int, n: int) -> intervals.Interval | None:
    """95 % Wilson interval in per cent; None for n = 0."""
    limits = intervals.wilson(satisfied, n)
    return None if limits is None else (100 * limits[0], 100 * limits[1])
