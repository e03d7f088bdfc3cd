"""Is this word or phrase in that text? Case-folded, whole words, any script (pure).

"Late" is found in "LATE again" but not in "plate"; a trailing * asks for any ending ("refund*").
Scripts written without spaces (Chinese, Japanese, Thai, ...) have no word edges, so there a phrase
counts wherever it stands.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Han, Hiragana, Katakana, Thai, Lao, Khmer, Burmese: no spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SPACES = re.compile(r"\s+")


class PhraseInvalid(ValueError):
    """Nothing to look for is left of the phrase."""


@dataclass(frozen=True, slots=True)
class Phrase:
    pattern: re.Pattern[str]


def folded(text: str) -> str:
    """One spelling for compatible forms: NFKC, case-folded, single spaces, plain apostrophes."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACES.sub(" ", text.replace("’", "'")).strip()


@lru_cache(maxsize=4096)
def phrase(wanted: str) -> Phrase:
    """Prepare a phrase; raises PhraseInvalid when it holds nothing but spaces, marks or a star."""
    text = folded(wanted)
    open_end = text.endswith("*")
    text = text.rstrip("* ")
    if not any(character.isalnum() or unicodedata.category(character).startswith("S") for character in text):
        raise PhraseInvalid("A word or phrase is needed.")
    before = "" if _UNSPACED.match(text[0]) or not _wordlike(text[0]) else r"(?<!\w)"
    after = "" if open_end or _UNSPACED.match(text[-1]) or not _wordlike(text[-1]) else r"(?!\w)"
    return Phrase(re.compile(before + re.escape(text) + after))


def contains(text: str, wanted: Phrase) -> bool:
    """Linear in the length of the text: the pattern is a literal with two edge checks."""
    return wanted.pattern.search(_folded_text(text)) is not None


@lru_cache(maxsize=64)
def _folded_text(text: str) -> str:
    return folded(text)


def _wordlike(character: str) -> bool:
    return character.isalnum() or character == "_"
