"""Customer effort: the mean answer, and the per cent who agree that it was easy; both, and named (pure).

CES 2.0 asks "… made it easy for me to handle my issue", 1 strongly disagree … 7 strongly agree. Two
conventions live side by side: the mean, and the per cent agreeing (5–7). CES 1.0 is 1–5 with the low end
good: the direction is a field of the scale, and the agreeing box is mirrored.
"""

from __future__ import annotations

from analysis_service.metrics import csat, intervals, scales


def score(n: int, total: float) -> float | None:
    """Mean answer on the scale as asked (never flipped); None for n = 0."""
    return total / n if n > 0 else None


def interval(n: int, total: float, total_squares: float, scale: scales.Scale) -> intervals.Interval | None:
    """95 % interval of the mean on the scale; None below two answers."""
    return intervals.mean(n, total, total_squares, (scale.min, scale.max))


def agree_percent(agreeing: int, n: int) -> float | None:
    """Per cent who agree that it was easy, 0…100; None for n = 0."""
    return csat.score(agreeing, n)


def agree_interval(agreeing: int, n: int) -> intervals.Interval | None:
    """95 % Wilson interval of the per cent who agree; None for n = 0."""
    return csat.interval(agreeing, n)
