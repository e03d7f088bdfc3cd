"""The scale of a score: which scales each metric may carry, and which one it has when none is told (pure).

Formulas and bounds: NPS is asked on 0-10 and nothing else (Reichheld; a score from another scale is not NPS).
CSAT is commonly asked on 1-5, CES 2.0 on 1-7 with more = easier; CES 1.0 is 1-5 with *less* = easier, which is
why the direction is a field of the scale and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Metric = Literal["nps", "csat", "ces", "stars", "rating"]
Direction = Literal["ascending", "descending"]

SCALE_LIMIT: Final = 1_000_000.0
"""Bounds of a scale lie within plus and minus this."""
SCALE_SPAN: Final = 0.001
"""Least width of a scale: below, its name and its values vanish in rounding."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Bounds of a question, both included; `ascending` means that more is better."""

    min: float
    max: float
    direction: Direction = "ascending"


class ScaleRefused(ValueError):
    """The score does not fit its metric or its scale. `part` is "value" or "scale"; `code` is for machines."""

    def __init__(self, part: Literal["value", "scale", "metric"], code: str, detail: str) -> None:
        super().__init__(detail)
        self.part = part
        self.code = code
        self.detail = detail


DEFAULT_SCALES: Final[dict[str, Scale]] = {
    "nps": Scale(0.0, 10.0),
    "csat": Scale(1.0, 5.0),
    "ces": Scale(1.0, 7.0),
    "stars": Scale(1.0, 5.0),
}
"""`rating` has no default: a number without its bounds means nothing."""


def fit(metric: Metric, value: float, told: Scale | None) -> Scale:
    """The scale that this score is on.

    `value` is finite. `told` is the scale that came with the score, or None. Returns the told scale or the
    default of the metric. Raises ScaleRefused when they do not belong together.
    """
    default = DEFAULT_SCALES.get(metric)
    if told is None:
        if default is None:
            raise ScaleRefused("scale", "scale_required", 'a "rating" needs its scale: {"min": ..., "max": ...}')
        scale = default
    else:
        scale = told
        if metric == "nps":
            _only_nps(scale)
        _sound(scale)
    if not scale.min <= value <= scale.max:
        raise ScaleRefused(
            "value", "out_of_scale", f"the value must lie within the scale, {scale.min:g} to {scale.max:g}"
        )
    if metric == "nps" and value != int(value):
        raise ScaleRefused("value", "not_whole", "an NPS answer is a whole number from 0 to 10")
    return scale


def _only_nps(scale: Scale) -> None:
    if (scale.min, scale.max) != (0.0, 10.0):
        raise ScaleRefused(
            "scale",
            "not_an_nps_scale",
            'NPS exists on the scale 0 to 10 only; send answers on another scale with metric "rating" and that scale',
        )
    if scale.direction != "ascending":
        raise ScaleRefused(
            "scale",
            "not_an_nps_scale",
            'NPS is ascending (10 is best); send answers of a reversed question with metric "rating" and that scale',
        )


def _sound(scale: Scale) -> None:
    if not (scale.min >= -SCALE_LIMIT and scale.min + SCALE_SPAN <= scale.max <= SCALE_LIMIT):
        raise ScaleRefused(
            "scale",
            "scale_invalid",
            f"min must be {SCALE_SPAN:g} or more below max, both within -{SCALE_LIMIT:.0f} and {SCALE_LIMIT:.0f}",
        )
