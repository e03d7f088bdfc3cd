"""Which columns are scores, of which metric and on which scale (pure).

Cautious on purpose: NPS only where the question asks for a recommendation *and* every answer is a whole number
from 0 to 10; everything else with a scale of its own is a rating on that scale. A scale always holds every value
of the column: one 9 among a thousand 4s makes it 1-10, and a warning says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from ingest_service.imports import headers
from ingest_service.imports.columns import ColumnFacts

Metric = Literal["nps", "csat", "ces", "stars", "rating"]

_STANDARD: Final = (5.0, 7.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class ScoreGuess:
    """A score column. `overall`: about the whole, not an aspect of it. `weight` ranks rivals for the same role."""

    metric: Metric
    low: float
    high: float
    direction: Literal["ascending", "descending"]
    overall: bool
    confidence: float
    reason: str
    warning: str | None = None


def guess_score(name: str, facts: ColumnFacts) -> ScoreGuess | None:
    """The score that the column `name` holds, or None when it holds none, or none that can be named safely."""
    facts, strays = _without_strays(facts, recommendation=bool(headers.NPS.search(headers.words(name))))
    found = _named(name, facts)
    if found is None or not strays:
        return found
    warning = f"{strays} answers lie outside of {found.low:g} to {found.high:g}: these rows are refused"
    return replace(found, warning=warning)


def _named(name: str, facts: ColumnFacts) -> ScoreGuess | None:
    if not facts.filled or facts.numeric < 0.9 * facts.filled or facts.low is None or facts.high is None:
        return None
    said = headers.words(name)
    range_told = headers.range_in(name)
    top_told = range_told[1] if range_told else facts.told_max
    if facts.low < 0 or facts.high > 100 or (top_told is not None and facts.high > top_told):
        return None
    binary = facts.high <= 1 and top_told is None
    found: ScoreGuess | None = None
    if headers.NPS.search(said):
        found = None if binary and facts.filled >= 20 else _recommendation(facts, top_told)
    elif binary:
        found = None
    elif headers.CES.search(said):
        found = _effort(said, facts, range_told, top_told)
    elif headers.CSAT.search(said):
        low, high = _scale(facts, range_told, top_told)
        why = _why("the name asks for satisfaction", low, high)
        found = ScoreGuess("csat", low, high, "ascending", True, 0.85, why)
    elif headers.STARS.search(said) or headers.OVERALL.fullmatch(said) or top_told is not None:
        found = _overall(said, facts, range_told, top_told)
    return found


def _without_strays(facts: ColumnFacts, *, recommendation: bool) -> tuple[ColumnFacts, int]:
    """The column without the few answers that are typing errors: a 55 or a -1 among scores of 0 to 10.

    At most one in twenty; in a question for a recommendation, where the scale is known, three in ten.
    """
    numbers = facts.numbers()
    kept = {value: times for value, times in numbers.items() if 0 <= value <= 10}
    total, usual = sum(numbers.values()), sum(kept.values())
    if not kept or usual == total or usual < (0.7 if recommendation else 0.95) * total:
        return facts, 0
    whole = sum(times for value, times in kept.items() if value.is_integer())
    words = facts.filled - facts.numeric
    trimmed = replace(facts, low=min(kept), high=max(kept), filled=usual + words, numeric=usual, whole=whole)
    return trimmed, total - usual


def guess_aspect(name: str, facts: ColumnFacts, siblings: int) -> ScoreGuess | None:
    """A sub-score (cleanliness, staff ...): small whole numbers under a name that is an aspect of a visit.

    `siblings`: how many other columns have the same range; three of a kind are a grid of questions.
    """
    if not facts.filled or facts.numeric < 0.9 * facts.filled or facts.low is None or facts.high is None:
        return None
    said = headers.words(name)
    small = facts.low >= 0 and 2 < facts.high <= 10 and facts.values is not None
    if not small or headers.YES_NO.fullmatch(said):
        return None
    named = bool(headers.ASPECT.fullmatch(said))
    if not named and (siblings < 2 or headers.NOT_A_SCORE.fullmatch(said)):
        return None
    low, high = _scale(facts, None, None)
    why = "the name is an aspect of the experience" if named else f"{siblings} other columns have the same range"
    return ScoreGuess(
        "rating", low, high, "ascending", False, 0.8 if named else 0.5, _why(why, low, high), _rare_zero(facts)
    )


def _recommendation(facts: ColumnFacts, top_told: float | None) -> ScoreGuess:
    whole = facts.whole == facts.numeric
    high = facts.high or 0.0
    if whole and high <= 10 and top_told in (None, 10.0) and not (facts.filled >= 50 and high <= 5):
        confidence = 0.97 if high > 7 else 0.8
        reason = "the name asks for a recommendation and the answers are whole numbers from 0 to 10"
        return ScoreGuess("nps", 0, 10, "ascending", True, confidence, reason)
    low, high = _scale(facts, None, top_told)
    reason = _why("the name asks for a recommendation", low, high) + "; only 0-10 is NPS, so this is a rating"
    return ScoreGuess("rating", low, high, "ascending", True, 0.6, reason)


def _effort(said: str, facts: ColumnFacts, told: tuple[float | None, float] | None, top: float | None) -> ScoreGuess:
    reverse = bool(headers.EFFORT.search(said))
    low, high = _scale(facts, told, top)
    if high == 5.0 and top is None and not reverse and facts.filled < 50:
        high = 7.0
    reason = _why("the name asks how much effort" if reverse else "the name asks for ease or effort", low, high)
    return ScoreGuess("ces", low, high, "descending" if reverse else "ascending", True, 0.75, reason)


def _overall(said: str, facts: ColumnFacts, told: tuple[float | None, float] | None, top: float | None) -> ScoreGuess:
    low, high = _scale(facts, told, top)
    if (low, high) == (1.0, 5.0):
        confidence = 0.9 if headers.STARS.search(said) else 0.8
        return ScoreGuess(
            "stars", 1, 5, "ascending", True, confidence, "the name says rating and the answers are 1 to 5"
        )
    warning = None
    if top is None and high == 10.0:
        numbers = facts.numbers()
        above = sum(times for value, times in numbers.items() if value > 5)
        if numbers and above < 0.1 * sum(numbers.values()):
            warning = (
                "nearly all answers are 5 or less, yet some are above: does the file mix a scale to 5 with one to 10?"
                " It is read as one scale to 10; split the file to have two"
            )
    return ScoreGuess("rating", low, high, "ascending", True, 0.85, _why("the name says rating", low, high), warning)


def _scale(facts: ColumnFacts, told: tuple[float | None, float] | None, top: float | None) -> tuple[float, float]:
    """The bounds: as told by name or cells, else the smallest common scale that holds every value."""
    lowest, highest = facts.low or 0.0, facts.high or 0.0
    high = top if top is not None else next(limit for limit in _STANDARD if highest <= limit)
    if told is not None and told[0] is not None and told[0] <= lowest:
        return told[0], high
    return (0.0 if lowest < 1 or high == 100 else 1.0), high


def _rare_zero(facts: ColumnFacts) -> str | None:
    numbers = facts.numbers()
    total, noughts = sum(numbers.values()), numbers.get(0.0, 0)
    if total < 20 or not 0 < noughts < 0.03 * total:
        return None
    return (
        f'{noughts} of {total} answers are 0: if 0 means "not answered" here, '
        'set "absent": ["0"] for this column'
    )  # fmt: skip


def _why(first: str, low: float, high: float) -> str:
    return f"{first}; every answer lies within {low:g} and {high:g}"
