"""Where one statement ends and the next begins: at the end of a sentence and before a word of contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis_service.text.characters import WORD
from analysis_service.text.tokens import Numbers, Tokens, is_one_of

# A sentence that opens with one of these turns at its comma: "Although the room was small, the staff was lovely".
CONCESSIONS: Final = ("although", "though", "while", "whilst", "despite", "even")


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of a batch in reading order: half-open token spans, the text of each, its number of words."""

    first: Numbers
    last: Numbers
    owner: Numbers
    words: Numbers


def split(tokens: Tokens) -> Statements:
    """Cut every text of a batch into statements. Each token belongs to exactly one."""
    count = len(tokens.start)
    if count == 0:
        none = np.zeros(0, dtype=np.int64)
        return Statements(none, none, none, none)
    opens = np.ones(count, dtype=np.bool_)
    new_sentence = opens.copy()
    new_sentence[1:] = tokens.sentence[1:] != tokens.sentence[:-1]
    conceding = new_sentence & is_one_of(tokens.hash, CONCESSIONS)
    in_concession = conceding[np.maximum.accumulate(np.where(new_sentence, np.arange(count), 0))]
    after_comma = np.zeros(count, dtype=np.bool_)
    after_comma[1:] = is_one_of(tokens.hash, (",",))[:-1]
    opens[1:] = (new_sentence | tokens.contrast | (in_concession & after_comma))[1:]
    first = np.flatnonzero(opens)
    last = np.append(first[1:], count)
    words = np.concatenate(([0], np.cumsum(tokens.kind == WORD)))
    return Statements(first, last, tokens.owner[first], words[last] - words[first])
