"""Language: short English, told languages, and None where nothing can be told."""

from __future__ import annotations

import pytest

from analysis_service.text.annotate import annotate
from analysis_service.text.language import decide, detect, guess, known_languages, normalise


def language_of(text: str, told: str | None = None) -> str | None:
    return annotate([text], [told])[0].language


@pytest.mark.parametrize(
    "text",
    [
        "Love it",
        "Broken bottle",
        "great product",
        "Rude staff",
        "Nice",
        "Delivery took two weeks",
        "OK",
        "too expensive",
    ],
)
def test_short_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das Zimmer war schmutzig und das Personal unfreundlich", "de"),
        ("Le service était excellent, merci beaucoup", "fr"),
        ("La comida estaba fría y tardaron mucho", "es"),
        ("Il personale è stato molto gentile con noi", "it"),
        ("อาหารอร่อยมาก บริการดี", "th"),
        ("Pengiriman cepat dan barang sesuai pesanan", "id"),
        ("الخدمة كانت سيئة جدا", "ar"),
        ("השירות היה מצוין", "he"),
        ("Обслуживание было ужасным", "ru"),
        ("サービスがとても良かったです", "ja"),
    ],
)
def test_other_languages(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "   ", "...", "12345", "10/10", "https://example.com/great", "👍"])
def test_no_words_no_language(text: str) -> None:
    assert language_of(text) is None


def test_what_was_told_wins_over_a_short_text() -> None:
    assert language_of("Super!", "de") == "de"
    assert language_of("Top", "nl-NL") == "nl"
    assert language_of("👍", "fr") == "fr"


def test_what_was_told_loses_to_a_clear_long_text() -> None:
    assert language_of("The staff was very friendly and the room was clean and quiet", "de") == "en"
    assert language_of("Das Zimmer war schmutzig und das Personal war sehr unfreundlich", "en-GB") == "de"


def test_what_was_told_stands_where_languages_are_easily_confused() -> None:
    assert decide("da", ("no", 0.99), 0.0, 12) == "da"
    assert decide("pcm", ("en", 0.99), 0.9, 12) == "pcm"


def test_english_in_which_hardly_a_word_is_english_is_no_answer() -> None:
    assert decide(None, ("en", 0.6), 0.2, 6) is None
    assert decide("ha", ("en", 0.6), 0.2, 6) == "ha"


def test_nearly_all_words_english_beats_an_unsure_guess() -> None:
    assert decide(None, ("fr", 0.7), 0.9, 2) == "en"
    assert decide(None, ("fr", 0.99), 0.9, 2) == "fr"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("en", "en"),
        ("EN_us", "en"),
        ("pt-BR", "pt"),
        (" de ", "de"),
        ("nb", "no"),
        ("", None),
        (None, None),
        ("english", None),
        ("x", None),
        ("12", None),
        ("en\n--", None),
    ],
)
def test_what_is_a_language_code(told: str | None, code: str | None) -> None:
    assert normalise(told) == code


def test_the_model_reads_any_characters() -> None:
    assert guess("\n\n") is None
    assert guess("a\u2028b\x0b good service") is not None
    assert guess("\ud800 lone surrogate in an english sentence") is not None
    assert {"en", "de", "th"} <= known_languages()


def test_one_answer_a_text() -> None:
    assert len(detect(["a", "b"], [None, None], [0.0, 0.0], [1, 1])) == 2
