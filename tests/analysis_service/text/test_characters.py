"""Folding keeps count of every character: whatever is dropped or mapped, offsets point into the original."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_service.text.characters import BREAK, DROPPED, EMOJI, WORD, fold_table, read


def folded(text: str) -> str:
    characters = read([text])
    return "".join(map(chr, characters.codes.tolist())).strip("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello WORLD", "hello world"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("soooooo good!!!!!!", "soo good!!"),
        ("1000000", "1000000"),
        ("don't isn’t can`t", "dont isnt cant"),
        ("we'll he’ll", "we'll he'll"),
        ("zero\u200bwidth\u2060joined\ufeff", "zerowidthjoined"),
        ("soft\u00adhyphen", "softhyphen"),
        ("cafe\u0301", "caf\u00e9"),
        ("see https://example.com/awful now", "see  now"),
        ("[EMAIL_1] called", "  called"),
        ("@support help", "  help"),
    ],
)
def test_folding(text: str, expected: str) -> None:
    assert folded(text) == expected


def test_offsets_point_at_the_original_character() -> None:
    text = "\u200bSooooo cafe\u0301 \U0001f44d\U0001f3fd x"
    characters = read([text])
    for code, offset in zip(characters.codes.tolist(), characters.offsets.tolist(), strict=True):
        if 0 <= offset < len(text) and not chr(code).isspace():
            assert unicodedata.normalize("NFC", text[offset]).lower()[0] in (chr(code), "e")


def test_skin_tones_and_variation_selectors_are_dropped_and_the_emoji_stays() -> None:
    characters = read(["\U0001f44d\U0001f3fd \u2764\ufe0f"])
    assert np.count_nonzero(characters.classes == EMOJI) == 2


def test_a_break_stands_before_each_text_and_after_the_last() -> None:
    characters = read(["a", "", "b"])
    assert np.count_nonzero(characters.classes == BREAK) == 4
    assert characters.owner[characters.classes == WORD].tolist() == [0, 2]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=30), min_size=1, max_size=5))
def test_nothing_breaks_it_and_every_offset_is_inside_its_text(texts: list[str]) -> None:
    characters = read(texts)
    assert not np.any(characters.classes == DROPPED)
    assert np.all(np.diff(characters.owner) >= 0)
    for owner, offset, kind in zip(
        characters.owner.tolist(), characters.offsets.tolist(), characters.classes.tolist(), strict=True
    ):
        if kind in (WORD, EMOJI):
            assert 0 <= offset < len(texts[owner])


def test_the_fold_table_maps_to_one_character_and_is_read_only() -> None:
    codes, classes = fold_table()
    assert codes[ord("Ä")] == ord("ä")
    assert classes[0x200B] == DROPPED
    with pytest.raises(ValueError):
        codes[0] = 1
