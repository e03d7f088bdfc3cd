"""Which answers of a rating scale count as good: explicit rules per scale, never a guess (pure).

A scale that no rule names has no top box: its answers are counted and averaged, and the answer says why there
is no share. Scales are never mixed: 4 of 5 is not 8 of 10, however alike they look on a common 0–100.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Direction = Literal["ascending", "descending"]

TOP_BOX: dict[str, tuple[float, float]] = {
    "0-1": (1, 1),
    "1-2": (2, 2),
    "1-3": (3, 3),
    "1-4": (3, 4),
    "1-5": (4, 5),
    "1-7": (6, 7),
    "0-10": (9, 10),
    "1-10": (9, 10),
}
"""Top box of satisfaction, of ascending scales, both ends included. Some take 8–10 on 0–10: ours is 9–10."""

AGREEMENT: dict[str, tuple[float, float]] = {
    "1-5": (4, 5),
    "1-7": (5, 7),
}
"""Answers that agree that it was easy (CES 2.0), of ascending scales, both ends included."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Bounds of a question; `descending` means that the low end is the good one (CES 1.0)."""

    min: float
    max: float
    direction: Direction = "ascending"

    @property
    def key(self) -> str:
        """Short text that names the scale, e.g. `1-5` or `1-5 descending`; equal scales have equal keys."""
        ends = f"{_short(self.min)}-{_short(self.max)}"
        return ends if self.direction == "ascending" else f"{ends} descending"

    def holds(self, value: float) -> bool:
        """Whether `value` lies on the scale."""
        return self.min <= value <= self.max


@lru_cache(maxsize=4096)
def parse(key: str) -> Scale:
    """Read a key made by `Scale.key`. Raises ValueError for anything else."""
    ends, _, direction = key.partition(" ")
    # A minus sign may stand in front of either end: -5-5, -10--5.
    cut = ends.index("-", 1)
    if direction not in ("", "descending"):
        raise ValueError("unknown direction")
    return Scale(float(ends[:cut]), float(ends[cut + 1 :]), "descending" if direction else "ascending")


def _short(number: float) -> str:
    # Never an exponent: its minus sign would look like the one between the ends.
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _box(scale: Scale, rules: dict[str, tuple[float, float]]) -> tuple[float, float] | None:
    box = rules.get(Scale(scale.min, scale.max).key)
    if box is None or scale.direction == "ascending":
        return box
    # A reversed scale has the mirrored box: agreeing 4–5 of 1–5 becomes 1–2.
    ends = scale.min + scale.max
    return ends - box[1], ends - box[0]


def top_box(scale: Scale) -> tuple[float, float] | None:
    """The answers that count as satisfied, both ends included; None where no rule names the scale."""
    return _box(scale, TOP_BOX)


def agreement(scale: Scale) -> tuple[float, float] | None:
    """The answers that agree that it was easy, both ends included; None where no rule names the scale."""
    return _box(scale, AGREEMENT)


def common(value: float, scale: Scale) -> float:
    """`value` on a common 0…100, 100 being the good end. For plotting only: it does not equate scales."""
    if scale.max <= scale.min:
        raise ValueError("a scale needs two different ends")
    share = (value - scale.min) / (scale.max - scale.min)
    return 100 * (share if scale.direction == "ascending" else 1 - share)
