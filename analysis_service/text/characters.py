"""Turn a batch of strings into one array of folded characters, each knowing where it came from.

Everything after this module works on arrays for the whole batch at once; nothing loops over characters in
Python. Folding never changes how many characters there are: a character is mapped to one other character or
dropped, and each kept character carries its offset in the caller's string, so that `text[start:end]` is exact
however strange the text is (zero-width characters, combining marks, elongated words, right-to-left).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPACE: Final = 0
WORD: Final = 1
PUNCTUATION: Final = 2
EMOJI: Final = 3
BREAK: Final = 4  # a line or paragraph end: white space that also ends a sentence
DROPPED: Final = 5

Codes = NDArray[np.uint32]
Classes = NDArray[np.uint8]
Offsets = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Past plane 2 there are only tags, variation selectors and private use: all dropped.
_TABLE_SIZE: Final = 0x30000
_APOSTROPHE: Final = ord("'")
_APOSTROPHES: Final = "'’ʼ‘＇`´"
_EMOJI_BLOCKS: Final = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x2300, 0x23FF))
_SKIN_TONES: Final = (0x1F3FB, 0x1F3FF)
_SEPARATOR: Final = "\n"

# What is not the customer's own words: addresses, mentions, and the typed placeholders of redaction. Every
# repetition is bounded: an unbounded one before the @ took minutes on a hundred kilobytes of it.
_FOREIGN: Final = re.compile(
    r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,128}\.\w+|@\w+|&\w{2,6};"
    r"|\[[A-Z][A-Z_0-9]{0,30}\]|<[A-Za-z/][A-Za-z_0-9/]{0,30}>"
)
_MAY_BE_FOREIGN: Final = re.compile(r"[@\[<&]|://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Characters:
    """The kept characters of a batch, one after the other; a BREAK stands before each text and after the last.

    `codes` folded code points · `classes` SPACE … BREAK · `offsets` index of each in its own original string ·
    `owner` which text it belongs to · `size` how many texts there are.
    """

    codes: Codes
    classes: Classes
    offsets: Offsets
    owner: Offsets
    size: int


@cache
def fold_table() -> tuple[Codes, Classes]:
    """Fold and class of every code point: lower case, full width to ASCII, one apostrophe. 50 ms, once."""
    codes = np.arange(_TABLE_SIZE, dtype=np.uint32)
    classes = np.full(_TABLE_SIZE, PUNCTUATION, dtype=np.uint8)
    for point in range(0x20000):
        character = chr(point)
        category = unicodedata.category(character)
        kind = category[0]
        if kind in "LNM":
            classes[point] = WORD
            folded = unicodedata.normalize("NFKC", character).lower()
            if len(folded) == 1 and ord(folded) < _TABLE_SIZE:
                codes[point] = ord(folded)
        elif kind == "Z":
            classes[point] = SPACE
        elif kind in {"P", "S"}:
            folded = unicodedata.normalize("NFKC", character)
            if len(folded) == 1:
                codes[point] = ord(folded)
        else:  # controls, format characters (zero width, direction marks), unassigned, private use, surrogates
            classes[point] = DROPPED
    classes[0x20000:] = WORD  # the supplementary ideographs
    for low, high in _EMOJI_BLOCKS:
        classes[low : high + 1] = EMOJI
    classes[_SKIN_TONES[0] : _SKIN_TONES[1] + 1] = DROPPED
    classes[0xFE00:0xFE10] = DROPPED  # variation selectors are marks by category
    classes[[0x09, 0x1F]] = SPACE
    classes[[0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029]] = BREAK
    codes[classes == SPACE] = ord(" ")
    codes[classes == BREAK] = ord(_SEPARATOR)
    for character in _APOSTROPHES:
        codes[ord(character)] = _APOSTROPHE
        classes[ord(character)] = PUNCTUATION
    codes.setflags(write=False)
    classes.setflags(write=False)
    return codes, classes


def read(texts: Sequence[str]) -> Characters:
    """Characters of a batch of at least one text. Never fails: what cannot be read is dropped or becomes a space."""
    visible = [_blank_foreign(text) for text in texts]
    moved: dict[int, list[int]] = {}
    for index, text in enumerate(visible):
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            visible[index], moved[index] = _compose(text)
    joined = _SEPARATOR + _SEPARATOR.join(visible) + _SEPARATOR  # one in front of each text, one at the end
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter((len(text) + 1 for text in visible), dtype=np.int64, count=len(visible))
    lengths[-1:] += 1
    starts = np.cumsum(lengths) - lengths + 1
    owner = np.repeat(np.arange(len(visible), dtype=np.int64), lengths)
    offsets = np.arange(len(raw), dtype=np.int64) - np.repeat(starts, lengths)
    for index, places in moved.items():
        first = int(starts[index])
        offsets[first : first + len(places)] = places

    table_codes, table_classes = fold_table()
    inside = np.minimum(raw, _TABLE_SIZE - 1)
    codes, classes = table_codes[inside], table_classes[inside]
    classes[raw >= _TABLE_SIZE] = DROPPED
    kept = classes != DROPPED
    if not kept.all():
        codes, classes, offsets, owner = codes[kept], classes[kept], offsets[kept], owner[kept]

    classes[_inner_apostrophes(codes, classes)] = WORD
    kept = ~(_elongated(codes, classes) | _contracted_not(codes, classes))
    return Characters(codes[kept], classes[kept], offsets[kept], owner[kept], len(visible))


def _blank_foreign(text: str) -> str:
    """The same text with links, addresses, mentions and placeholders turned into as many spaces."""
    if _MAY_BE_FOREIGN.search(text) is None:
        return text
    return _FOREIGN.sub(lambda match: " " * len(match[0]), text)


def _compose(text: str) -> tuple[str, list[int]]:
    """NFC of a text, and for each resulting character the offset of the cluster it came from."""
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        piece = unicodedata.normalize("NFC", text[start:end])
        pieces.append(piece)
        places.extend([start] * len(piece))
        start = end
    return "".join(pieces), places


def _inner_apostrophes(codes: Codes, classes: Classes) -> Flags:
    """Apostrophes with a letter on either side belong to the word: we'll is neither we nor ll nor well."""
    inner: Flags = codes == _APOSTROPHE
    word = classes == WORD
    inner[[0, -1]] = False  # always separators
    inner[1:-1] &= word[:-2] & word[2:]
    return inner


def _contracted_not(codes: Codes, classes: Classes) -> Flags:
    """The apostrophe of n't, so that don't and dont are one word."""
    dropped = np.zeros(len(codes), dtype=np.bool_)
    dropped[1:-1] = (codes[1:-1] == _APOSTROPHE) & (codes[:-2] == ord("n")) & (codes[2:] == ord("t"))
    dropped &= classes == WORD
    return dropped


def _elongated(codes: Codes, classes: Classes) -> Flags:
    """The inner ones of three and more equal letters or signs: sooooo is soo, !!!!! is !!; digits stay."""
    dropped = np.zeros(len(codes), dtype=np.bool_)
    same = codes[1:] == codes[:-1]
    dropped[1:-1] = same[1:] & same[:-1]
    digit = (codes >= ord("0")) & (codes <= ord("9"))
    dropped &= ~digit & (classes != BREAK)
    return dropped
