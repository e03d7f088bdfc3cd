"""Titles of cases: one line from a template, nothing of the customer's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.rules.default_rule import ACTIONS
from loop_service.rules.facts import Facts, Score, facts_of
from loop_service.rules.titles import DEFAULT_TITLE, MAX_TITLE, PLACEHOLDERS, title, unknown_placeholders

FACTS = Facts(
    scores=(Score("stars", 5, 100.0), Score("nps", 2, 20.0), Score("rating", 1, 0.0, "staff")),
    words="secret words",
    sentiment_label="negative",
    channel="email",
    unit="north\r\nBcc: x",
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{rating} by {channel}", "NPS 2 by email"),
        ("{signal} · {channel}", "NPS 2 · email"),
        ("{sentiment} at {touchpoint}", "negative at –"),
        ("{rating} · {touchpoint} · {channel}", "NPS 2 · email"),
        ("Late: {unit} · at {touchpoint} {channel}", "Late: north Bcc: x · at – email"),
        ("{source} · {touchpoint}", "– · –"),
        ("{unit}", "north Bcc: x"),
        ("plain {", "plain {"),
        ("{words}", "–"),
        (" ", "–"),
    ],
)
def test_titles(template: str, expected: str) -> None:
    assert title(template, FACTS) == expected


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        ({"metric": "nps", "value": 3, "scale": {"min": 0, "max": 10}}, "NPS 3"),
        ({"metric": "stars", "value": 1, "scale": {"min": 1, "max": 5}}, "1 of 5 stars"),
        ({"metric": "stars", "value": 1.5, "scale": {"min": 0, "max": 5}}, "1.5 of 5 stars"),
        ({"metric": "stars", "value": 2}, "2 stars"),
        ({"metric": "stars", "value": 1}, "1 star"),
        ({"metric": "csat", "value": 2, "scale": {"min": 1, "max": 5}}, "CSAT 2 of 5"),
        ({"metric": "ces", "value": 6, "scale": {"min": 1, "max": 7, "direction": "descending"}}, "CES 6 (1 is best)"),
        ({"metric": "rating", "value": -1, "scale": {"min": -2, "max": 2}}, "Rating -1 (-2 to 2)"),
        ({"metric": "rating", "value": 1, "scale": {"min": 1, "max": 4}, "aspect": "staff"}, "Rating 1 of 4 (staff)"),
    ],
)
def test_a_rating_is_said_on_its_own_scale(rating: dict[str, object], expected: str) -> None:
    assert title("{rating}", facts_of({"ratings": [rating]})) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"channel": "email", "unit": "North", "ratings": [{"metric": "nps", "value": 3}]}, "NPS 3 · email · North"),
        ({"channel": "chat", "sentiment": {"label": "negative"}, "text": "secret"}, "negative words · chat"),
        ({"unit": "North"}, "North"),
        ({}, "– · – · –"),
    ],
)
def test_the_default_title_says_what_there_is(facts: dict[str, object], expected: str) -> None:
    assert title(DEFAULT_TITLE, facts_of(facts)) == expected
    assert ACTIONS[0]["title"] == DEFAULT_TITLE


@given(st.text(max_size=200), st.text(max_size=300))
def test_any_title_is_one_bounded_line_without_words(template: str, unit: str) -> None:
    made = title(template + "{unit}", Facts(unit=unit, words="secret words"))
    assert 1 <= len(made) <= MAX_TITLE
    assert "\n" not in made
    assert "\r" not in made


def test_names() -> None:
    assert unknown_placeholders("{rating} {text} {} {x}") == ["text", "", "x"]
    assert unknown_placeholders("".join(f"{{{name}}}" for name in PLACEHOLDERS)) == []
