"""Which terms set one group of records apart from another (detractors from the rest): weighted log-odds.

Monroe, Colaresi & Quinn (2008), "Fightin' Words": log-odds ratio with an informative Dirichlet prior, the prior
being the pooled counts, as a z-score. Rare words do not win by chance and frequent ones not by size. A term counts
once a record; words come from what `annotate` found and, with `every_word`, from the whole text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from analysis_service.text.characters import WORD, read
from analysis_service.text.tokens import cut

PRIOR_STRENGTH: Final = 500.0
"""How many words of prior evidence each group is given, spread as the pooled counts are."""
LEAST_RECORDS: Final = 3
_FUNCTION_WORDS_TEXT: Final = """
a an and are as at be been but by can could did do does for from get go got had has have he her here him his how i
i'd i'll i'm i've if in into is it it's its just me my of on or our out she so than that that's the their them then
there they this those to too up us very was we we're were what when where which who will with would you your you're
also am about after again all any because before being both each even ever more most much one only other over own
same some such these through under until while
"""
_FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS_TEXT.split())


@dataclass(frozen=True, slots=True)
class ContrastTerm:
    """`z` above 0: said more in the first group. `first`, `second`: records of each group that hold the term."""

    term: str
    z: float
    log_odds: float
    first: int
    second: int


def top_terms(
    first: Sequence[Iterable[str]], second: Sequence[Iterable[str]], limit: int = 20, least: int = LEAST_RECORDS
) -> list[ContrastTerm]:
    """The terms said most markedly more in `first` than in `second`, by falling z, at most `limit`, all z > 0.

    Each record is given as its terms. A term in fewer than `least` records of `first` is left out. Empty groups
    give an empty list. Ties are broken by the term, so that the order is always the same.
    """
    ours, theirs = _records_with(first), _records_with(second)
    ours_total, theirs_total = sum(ours.values()), sum(theirs.values())
    if not ours_total or not theirs_total:
        return []
    pooled_total = ours_total + theirs_total
    found: list[ContrastTerm] = []
    for term, count in ours.items():
        if count < least:
            continue
        other = theirs.get(term, 0)
        prior = PRIOR_STRENGTH * (count + other) / pooled_total
        if count + other == pooled_total:  # nobody says anything else: no contrast
            continue
        ours_odds = (count + prior) / (ours_total + PRIOR_STRENGTH - count - prior)
        theirs_odds = (other + prior) / (theirs_total + PRIOR_STRENGTH - other - prior)
        log_odds = math.log(ours_odds) - math.log(theirs_odds)
        z = log_odds / math.sqrt(1 / (count + prior) + 1 / (other + prior))
        if z > 0:
            found.append(ContrastTerm(term, round(z, 3), round(log_odds, 3), count, other))
    found.sort(key=lambda one: (-one.z, one.term))
    return found[:limit]


def words_of(texts: Sequence[str]) -> list[list[str]]:
    """The words and pairs of neighbouring words of each text, folded, without function words, each once.

    A pair is kept when neither is a function word, or when the first negates ("not helpful").
    """
    if not texts:
        return []
    characters = read(texts)
    tokens = cut(characters)
    folded = characters.codes.astype("<u4")
    found: list[dict[str, None]] = [{} for _ in texts]
    previous: tuple[int, int, str] | None = None
    starts, ends = tokens.start.tolist(), tokens.end.tolist()
    rows = zip(starts, ends, tokens.owner.tolist(), tokens.sentence.tolist(), tokens.kind.tolist(), strict=True)
    for start, end, owner, sentence, kind in rows:
        if kind != WORD:
            previous = None
            continue
        word = folded[start:end].tobytes().decode("utf-32-le", "replace")
        telling = word not in _FUNCTION_WORDS and not word.isdigit() and len(word) > 1
        if telling and word not in _NEGATIONS:
            found[owner][word] = None
            if previous is not None and previous[:2] == (owner, sentence):
                found[owner][f"{previous[2]} {word}"] = None
        previous = (owner, sentence, word) if telling else None
    return [list(terms) for terms in found]


_NEGATIONS: Final = frozenset(("not", "no", "never", "dont", "didnt", "doesnt", "wasnt", "isnt", "cant", "wont"))


def _records_with(records: Sequence[Iterable[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for terms in records:
        counts.update(set(terms))
    return counts
