"""What a benchmark found: rounds, medians, the printed table, and the JSON that is kept."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from local_stack.places import LOCAL
from shared.foundation.clock import now

FOLDER = LOCAL / "bench"


@dataclass(slots=True)
class Figure:
    """One measured thing. `rounds` are the values of the interleaved rounds, in order; `value` is their median."""

    name: str
    unit: str
    rounds: list[float]
    notes: dict[str, float] = field(default_factory=dict)
    """More about it, e.g. CPU µs per request; medians where they were taken per round."""

    @property
    def value(self) -> float:
        return median(self.rounds) if self.rounds else float("nan")


@dataclass(slots=True)
class Ratio:
    """One figure over another of the same run: the median of the ratios of each round."""

    name: str
    value: float
    reach: str = ""

    @staticmethod
    def of(name: str, over: Figure, under: Figure, *, reach: str = "") -> Ratio:
        """Round by round, so that what slows the machine down slows both."""
        pairs = zip(over.rounds, under.rounds, strict=True)
        return Ratio(name, median([a / b for a, b in pairs if b]), reach)


@dataclass(slots=True)
class Result:
    """One benchmark's findings."""

    name: str
    title: str
    figures: list[Figure]
    ratios: list[Ratio] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def machine() -> dict[str, Any]:
    """The machine in figures that name nobody: cores, how busy it is, versions."""
    return {
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def shown(result: Result) -> str:
    """The result as lines for a terminal of 100 columns."""
    lines = [f"\n{result.name}: {result.title}"]
    for one in result.figures:
        notes = " · ".join(f"{name} {_number(value)}" for name, value in one.notes.items())
        spread = f"({_number(min(one.rounds))} … {_number(max(one.rounds))})" if len(one.rounds) > 1 else ""
        lines.append(f"  {one.name:<38} {_number(one.value):>9} {one.unit:<10} {spread:<20} {notes}".rstrip())
    lines += [f"  → {one.name:<36} {one.value:>9.2f}×   {one.reach}".rstrip() for one in result.ratios]
    lines += [f"  {remark}" for remark in result.remarks]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def keep(results: Sequence[Result], before: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write the results as JSON; `before` is the machine when the run began. Returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    at = now()
    path = folder / f"{at:%Y%m%d-%H%M%S}.json"
    told = []
    for one in results:
        document = asdict(one)
        for figure, measured in zip(document["figures"], one.figures, strict=True):
            figure["median"] = measured.value
        told.append(document)
    document = {"at": at, "machine": {"before": before, "after": machine()}, "results": told}
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    (folder / "latest.json").write_bytes(path.read_bytes())
    return path
