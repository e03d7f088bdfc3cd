"""From counts to the series a reader gets: every bucket of every group and scale, with value, interval, n (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis_service.metrics import nps, scales
from analysis_service.metrics.catalogue import METRICS
from analysis_service.metrics.tally import CES, CSAT, NPS, STARS, Tally
from analysis_service.metrics.windows import Bucket

MOST_POINTS = 20_000
"""Points of one answer; beyond, the caller is asked to narrow the question."""

Key = tuple[int, str, str]
"""(bucket, group, scale)."""


class TooManyPoints(ValueError):
    """The answer would be larger than anybody can use."""


@dataclass(frozen=True, slots=True)
class Counts:
    """All that was counted for one question. `unscored` belongs to sentiment and has no scale."""

    tallies: dict[Key, Tally]
    unscored: dict[Key, Tally]
    voices: dict[Key, tuple[int, int]]
    """(distinct customers, anonymous answers) per bucket, group and scale."""
    voices_in_all: dict[str, tuple[int, int]]
    """The same per scale over the whole window."""


def points(metric: str, buckets: Sequence[Bucket], counts: Counts, *, grouped: bool) -> list[dict[str, Any]]:
    """The series, ordered by group, scale and time; buckets without answers are there, with null.

    Raises TooManyPoints.
    """
    seen = {(group, scale) for _, group, scale in [*counts.tallies, *counts.unscored]}
    lines = sorted(seen or {("", _only_scale(metric))})
    if len(lines) * len(buckets) > MOST_POINTS:
        raise TooManyPoints(f"would give more than {MOST_POINTS} points")
    made = []
    for group, scale in lines:
        for index, bucket in enumerate(buckets):
            key = (index, group, scale)
            made.append(
                {
                    "start": bucket.label,
                    "group": (group or None) if grouped else None,
                    "partial": bucket.partial,
                    **_figures(
                        metric,
                        scale,
                        counts.tallies.get(key),
                        counts.unscored.get(key),
                        counts.voices.get(key),
                    ),
                }
            )
    return made


def totals(metric: str, buckets: Sequence[Bucket], counts: Counts) -> list[dict[str, Any]]:
    """The whole window, one point per scale, the most answered first."""
    by_scale: dict[str, Tally] = {}
    unscored = Tally()
    for (_, _, scale), tally in counts.tallies.items():
        by_scale[scale] = by_scale.get(scale, Tally()) + tally
    for tally in counts.unscored.values():
        unscored = unscored + tally
    if not by_scale:
        by_scale = {_only_scale(metric): Tally()}
    return [
        {
            "start": buckets[0].start,
            "group": None,
            "partial": False,
            **_figures(metric, scale, tally, unscored, counts.voices_in_all.get(scale)),
        }
        for scale, tally in sorted(by_scale.items(), key=lambda one: (-one[1].n, one[0]))
    ]


def total(metric: str, each: Sequence[dict[str, Any]], in_all: tuple[int, int]) -> dict[str, Any]:
    """The whole window as one point: of the only scale, or, with several, the counts without a value."""
    if len(each) == 1:
        return dict(each[0])
    empty = METRICS[metric].figures(Tally(), None, 0)
    return {
        **each[0],
        **dict.fromkeys(empty),
        "scale": None,
        "value": None,
        "ci95": None,
        "n": sum(point["n"] for point in each),
        "n_customers": in_all[0],
        "n_anonymous": in_all[1],
    }


def notes(metric: str, each: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader must know about the scales of an answer (`each` as from `totals`)."""
    found = []
    keys = [str(point["scale"]) for point in each if point["scale"] is not None]
    if len(keys) > 1:
        found.append(
            f"Answers came on {len(keys)} scales ({', '.join(keys)}); scales do not equate, so each has its own series."
        )
    for key in keys:
        scale = scales.parse(key)
        if metric in (CSAT, STARS) and scales.top_box(scale) is None:
            found.append(
                f"No rule says which answers on {key} are satisfied: there is no share, only counts and a mean."
            )
        if metric == CES and scales.agreement(scale) is None:
            found.append(f"No rule says which answers on {key} agree: there is a mean and no share.")
    return found


def _only_scale(metric: str) -> str:
    return nps.SCALE if metric == NPS else ""


def _figures(
    metric: str, scale_key: str, tally: Tally | None, unscored: Tally | None, voices: tuple[int, int] | None
) -> dict[str, Any]:
    found = tally or Tally()
    customers, anonymous = voices or (0, 0)
    scale = scales.parse(scale_key) if scale_key else None
    return {
        "scale": scale_key or None,
        "n": found.n,
        "n_customers": customers,
        "n_anonymous": anonymous,
        **METRICS[metric].figures(found, scale, unscored.n if unscored else 0),
    }
