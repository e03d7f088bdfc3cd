"""Sentences of our own making, as extra training rows: what every customer says and few corpora hold.

Words and patterns were written for this project; the sentences come from combining them, always the same ones.
They teach negation ("not bad" is praise, "no help" is blame), comparatives ("could be cheaper"), silence and
waiting, ratings in words, emoji, and plain statements of fact, which are neutral.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, Literal

Label = Literal["negative", "neutral", "positive"]

_NOT_GOOD: Final = ("was not", "wasn't", "is not", "isn't", "was not very", "is not really", "wasn't at all")
_NOT_BAD: Final = ("was not", "is not", "wasn’t")
_JOINTS: Final = (". ", ", ", " and ", "! ")


@cache
def words() -> dict[str, tuple[str, ...]]:
    """The lists of own_words.txt by name."""
    lists: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (Path(__file__).parent / "own_words.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            current = lists.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.extend(one.strip() for one in line.split(" |") if one.strip())
    return {name: tuple(listed) for name, listed in lists.items()}


def sentences(seed: int = 7) -> list[tuple[str, Label]]:
    """(text, label) of every sentence, in a fixed order."""
    chance = random.Random(seed)  # noqa: S311 - the same sentences every time; nothing secret
    made: dict[str, Label] = {}
    for kind in (
        _fixed(),
        _described(chance),
        _negated(chance),
        _told_twice(chance),
        _signed(chance),
        _plain(chance),
        _absent(chance),
    ):
        for text, label in kind:
            made.setdefault(text, label)
    return list(made.items())


def _fixed() -> Iterator[tuple[str, Label]]:
    known = words()
    labelled: tuple[tuple[Label, tuple[str, ...]], ...] = (
        ("positive", ("praise", "good", "good_emoji", "good_signs")),
        ("negative", ("blame", "bad", "bad_emoji", "bad_signs")),
        ("neutral", ("fact",)),
    )
    for label, names in labelled:
        for text in (text for name in names for text in known[name]):
            yield text, label
            if text[0].isalpha() and text.isascii():
                yield text.capitalize() + ("." if " " in text else "!"), label


def _described(chance: random.Random) -> Iterator[tuple[str, Label]]:
    known = words()
    kinds: tuple[tuple[str, Label], ...] = (("good", "positive"), ("bad", "negative"))
    for name, label in kinds:
        for word in known[name]:
            for subject in chance.sample(known["subjects"], 8):
                yield f"{subject} {chance.choice(known['links'])} {word}", label
            other = chance.choice(known[name])
            yield f"{chance.choice(known['heat'])} {word}", label
            yield f"{word} {chance.choice(known['subjects']).removeprefix('the ')}", label
            yield f"what a {word} experience", label
            yield f"{word} and {other}", label
            yield f"{chance.choice(known['subjects'])} was {word}, {other} even", label


def _negated(chance: random.Random) -> Iterator[tuple[str, Label]]:
    known = words()
    for word in known["good"]:
        for subject in chance.sample(known["subjects"], 5):
            yield f"{subject} {chance.choice(_NOT_GOOD)} {word}", "negative"
        yield f"not {word}", "negative"
        yield f"not very {word}", "negative"
        yield f"not a {word} experience", "negative"
        yield f"it would be nice if {chance.choice(known['subjects'])} was {word}", "negative"
    for word in known["mild_bad"]:
        for subject in chance.sample(known["subjects"], 6):
            yield f"{subject} {chance.choice(_NOT_BAD)} {word}", "positive"
        yield f"not {word}", "positive"
        yield f"not too {word}", "positive"
        yield f"not at all {word}", "positive"


def _told_twice(chance: random.Random) -> Iterator[tuple[str, Label]]:
    kinds: tuple[tuple[str, Label], ...] = (("praise", "positive"), ("blame", "negative"), ("fact", "neutral"))
    for name, label in kinds:
        for _ in range(600):
            first, second = chance.sample(words()[name], 2)
            yield f"{first}{chance.choice(_JOINTS)}{second}", label


def _signed(chance: random.Random) -> Iterator[tuple[str, Label]]:
    known = words()
    kinds: tuple[tuple[str, str, Label], ...] = (("good", "praise", "positive"), ("bad", "blame", "negative"))
    for name, phrases, label in kinds:
        for sign in known[f"{name}_emoji"] + known[f"{name}_signs"]:
            for phrase in chance.sample(known[phrases], 4) + chance.sample(known["fact"], 3):
                yield f"{phrase} {sign}", label
            yield sign * 2, label
            yield sign * 3, label


def _plain(chance: random.Random) -> Iterator[tuple[str, Label]]:
    """Facts and questions: neutral, whatever they are about."""
    known = words()
    for _ in range(900):
        yield (
            f"{chance.choice(known['actors'])} {chance.choice(known['deeds'])} {chance.choice(known['times'])}",
            "neutral",
        )
    for thing in known["things"]:
        for content in known["contents"]:
            yield f"{thing} {content}", "neutral"
    for asking in known["asking"]:
        for asked in known["asked"]:
            yield f"{asking} {asked}{chance.choice(('', '?'))}", "neutral"


def _absent(chance: random.Random) -> Iterator[tuple[str, Label]]:
    """No trouble is praise, no help is blame."""
    known = words()
    kinds: tuple[tuple[str, Label], ...] = (("troubles", "positive"), ("wants", "negative"))
    for name, label in kinds:
        for noun in known[name]:
            yield f"no {noun}", label
            yield f"there was no {noun}", label
            yield f"without any {noun}", label
            for tail in chance.sample(known["tails"], 5):
                yield f"{chance.choice(('no', 'no', 'there was no', 'we had no', 'never any'))} {noun} {tail}", label
