"""Which metrics exist, how each is made from its counts, and what it says about itself (pure).

One table, `METRICS`: the words a reader gets in `method`, and the function that turns a tally into the
figures of one point. A new metric is one entry here and, if it needs one, a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis_service.metrics import ces, csat, intervals, nps, scales, sentiment
from analysis_service.metrics.tally import CES, CSAT, NPS, RATING, SENTIMENT, STARS, VOLUME, Tally

Figures = dict[str, Any]

SHARE_DIGITS = 2
"""Digits after the point of scores on −100…100 and 0…100."""
MEAN_DIGITS = 3
"""Digits after the point of means: as many as a stored answer has."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a number was made, in words, with its source."""

    name: str
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `figures(tally, scale, unscored)` gives value, ci95 and the counts that belong to it."""

    name: str
    method: Method
    figures: Callable[[Tally, scales.Scale | None, int], Figures]


def _ends(limits: intervals.Interval | None, digits: int) -> list[float] | None:
    return None if limits is None else [_rounded(limits[0], digits), _rounded(limits[1], digits)]


def _rounded(value: float, digits: int) -> float:
    return round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0


def _number(value: float | None, digits: int) -> float | None:
    return None if value is None else _rounded(value, digits)


def _nps(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    counts = {"promoters": tally.favourable, "passives": tally.neutral, "detractors": tally.unfavourable}
    if scale is not None and scale.key != nps.SCALE:
        return {"value": None, "ci95": None, **counts}
    return {
        "value": _number(nps.score(tally.favourable, tally.unfavourable, tally.n), SHARE_DIGITS),
        "ci95": _ends(nps.interval(tally.favourable, tally.unfavourable, tally.n), SHARE_DIGITS),
        **counts,
    }


def _csat(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    mean = _number(_mean(tally), MEAN_DIGITS)
    counts = {"top_box": tally.favourable, "other": tally.unfavourable, "mean": mean}
    if scale is not None and scales.top_box(scale) is None:
        return {"value": None, "ci95": None, **counts}
    return {
        "value": _number(csat.score(tally.favourable, tally.n), SHARE_DIGITS),
        "ci95": _ends(csat.interval(tally.favourable, tally.n), SHARE_DIGITS),
        **counts,
    }


def _ces(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    ruled = scale is not None and scales.agreement(scale) is not None
    return {
        "value": _number(ces.score(tally.n, tally.total / 1000), MEAN_DIGITS),
        "ci95": _mean_ends(tally, scale),
        "agree_percent": _number(ces.agree_percent(tally.favourable, tally.n), SHARE_DIGITS) if ruled else None,
        "agree_ci95": _ends(ces.agree_interval(tally.favourable, tally.n), SHARE_DIGITS) if ruled else None,
        "agreeing": tally.favourable,
        "other": tally.unfavourable,
    }


def _stars(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    ruled = scale is not None and scales.top_box(scale) is not None
    return {
        "value": _number(_mean(tally), MEAN_DIGITS),
        "ci95": _mean_ends(tally, scale),
        "top_box_percent": _number(csat.score(tally.favourable, tally.n), SHARE_DIGITS) if ruled else None,
        "top_box_ci95": _ends(csat.interval(tally.favourable, tally.n), SHARE_DIGITS) if ruled else None,
        "top_box": tally.favourable,
        "other": tally.unfavourable,
    }


def _rating(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    return {"value": _number(_mean(tally), MEAN_DIGITS), "ci95": _mean_ends(tally, scale)}


def _volume(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    return {"value": tally.n, "ci95": None}


def _sentiment(tally: Tally, scale: scales.Scale | None, unscored: int) -> Figures:
    return {
        "value": _number(sentiment.score(tally.favourable, tally.unfavourable, tally.n), SHARE_DIGITS),
        "ci95": _ends(sentiment.interval(tally.favourable, tally.unfavourable, tally.n), SHARE_DIGITS),
        "positive": tally.favourable,
        "neutral": tally.neutral,
        "negative": tally.unfavourable,
        "mixed": tally.n - tally.favourable - tally.neutral - tally.unfavourable,
        "unscored": unscored,
        "mean_score": _number(_mean(tally), MEAN_DIGITS),
    }


def _mean(tally: Tally) -> float | None:
    return tally.total / 1000 / tally.n if tally.n else None


def _mean_ends(tally: Tally, scale: scales.Scale | None) -> list[float] | None:
    bounds = None if scale is None else (scale.min, scale.max)
    return _ends(intervals.mean(tally.n, tally.total / 1000, tally.total_squares / 1e6, bounds), MEAN_DIGITS)


_MOVER = "Zou & Donner 2008 (MOVER) on Wilson 1927 limits"
_T = "Student's t; cut at the ends of the scale; where all answers agree, widened by one answer at each end"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            NPS,
            Method(
                "net_promoter_score",
                "Promoters (9–10) minus detractors (0–6) per 100 answers on 0–10; passives (7–8) count in n. "
                "95 % interval: MOVER-Wilson. Nothing answered gives null.",
                f"Reichheld 2003 (HBR); {_MOVER}",
            ),
            _nps,
        ),
        Metric(
            CSAT,
            Method(
                "top_box_percent",
                "Per cent of answers in the top box of their scale: 1–3 → 3, 1–4 → 3–4, 1–5 → 4–5, 1–7 → "
                "6–7, 1–10 and 0–10 → 9–10. A scale without a rule gives null. 95 % interval: Wilson.",
                "Wilson 1927; top-two-box convention",
            ),
            _csat,
        ),
        Metric(
            CES,
            Method(
                "mean_effort_and_percent_agreeing",
                "value is the mean answer on its scale; agree_percent is the share that agrees it was easy "
                f"(1–7 → 5–7, 1–5 → 4–5, mirrored on descending scales). Interval of the "
                f"mean: {_T}; of the share: Wilson.",
                "CES 2.0 (CEB/Gartner); Student 1908; Wilson 1927",
            ),
            _ces,
        ),
        Metric(
            STARS,
            Method(
                "mean_stars",
                "Mean of the stars on their scale, with the top-box share beside it, because star means are "
                f"J-shaped. Interval of the mean: {_T}; of the share: Wilson.",
                "Student 1908; Wilson 1927",
            ),
            _stars,
        ),
        Metric(
            RATING,
            Method("mean_rating", f"Mean answer on its scale. 95 % interval: {_T}.", "Student 1908"),
            _rating,
        ),
        Metric(
            VOLUME,
            Method(
                "count",
                "Number of feedback records; nothing received is 0. A count of everything has no sampling interval.",
                "count",
            ),
            _volume,
        ),
        Metric(
            SENTIMENT,
            Method(
                "net_sentiment",
                "Positive minus negative per 100 scored texts; neutral and mixed count in n, texts that could "
                "not be scored count apart as unscored. 95 % interval: MOVER-Wilson; it covers sampling, "
                "not the mistakes of the model.",
                _MOVER,
            ),
            _sentiment,
        ),
    )
}
