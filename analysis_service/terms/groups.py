"""Whose words are set apart from whose, and by which terms: weighted log-odds, with records and customers (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from analysis_service.text.contrast import LEAST_RECORDS, top_terms, words_of

Group = Literal["critical", "detractors", "passives", "promoters", "negative", "positive"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of one record, and what decides to which group it belongs."""

    words: str
    customer_id: UUID | None
    nps: float | None
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class Sides:
    """`eligible` records are contrasted: those `inside` the group against the others; `words` say it to a reader."""

    words: str
    eligible: Callable[[Spoken], bool]
    inside: Callable[[Spoken], bool]


def _rated(one: Spoken) -> bool:
    return one.nps is not None


def _scored(one: Spoken) -> bool:
    return one.sentiment is not None


def _nps(one: Spoken) -> float:
    return -1.0 if one.nps is None else one.nps


GROUPS: dict[Group, Sides] = {
    "critical": Sides(
        "detractors, and negative texts without an NPS answer, against all others",
        lambda one: _rated(one) or _scored(one),
        lambda one: one.nps <= 6 if one.nps is not None else one.sentiment == "negative",
    ),
    "detractors": Sides("NPS 0–6 against 7–10", _rated, lambda one: _nps(one) < 7),
    "passives": Sides("NPS 7–8 against other NPS answers", _rated, lambda one: 7 <= _nps(one) < 9),
    "promoters": Sides("NPS 9–10 against 0–8", _rated, lambda one: _nps(one) >= 9),
    "negative": Sides(
        "negative texts against all other scored texts", _scored, lambda one: one.sentiment == "negative"
    ),
    "positive": Sides(
        "positive texts against all other scored texts", _scored, lambda one: one.sentiment == "positive"
    ),
}

METHOD = {
    "name": "weighted_log_odds",
    "words": "Log-odds ratio of a term between the group and the rest, with an informative Dirichlet prior, as a "
    f"z-score; a term counts once a record; terms in fewer than {LEAST_RECORDS} records of the group are left out. "
    "An association, not a cause.",
    "source": "Monroe, Colaresi & Quinn 2008, Political Analysis 16",
}


def contrast(records: Sequence[Spoken], group: Group, limit: int) -> dict[str, Any]:
    """`n`, `n_rest` and `terms` of a group: the terms said most markedly more inside than in the rest."""
    sides = GROUPS[group]
    eligible = [one for one in records if sides.eligible(one)]
    inside = [one for one in eligible if sides.inside(one)]
    rest = [one for one in eligible if not sides.inside(one)]
    spoken = words_of([one.words for one in inside])
    found = top_terms(spoken, words_of([one.words for one in rest]), limit=limit)
    wanted = {one.term for one in found}
    customers: dict[str, set[UUID]] = {term: set() for term in wanted}
    for one, terms in zip(inside, spoken, strict=True):
        if one.customer_id is not None:
            for term in wanted.intersection(terms):
                customers[term].add(one.customer_id)
    return {
        "n": len(inside),
        "n_rest": len(rest),
        "terms": [
            {
                "term": one.term,
                "z": one.z,
                "log_odds": one.log_odds,
                "n": one.first,
                "n_customers": len(customers[one.term]),
                "share": round(one.first / len(inside), 4),
                "n_rest": one.second,
                "share_rest": round(one.second / len(rest), 4) if rest else None,
            }
            for one in found
        ],
    }
