"""What a new case looks like: one-line titles from templates, nothing of the customer's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.rules.facts import Facts, Score
from loop_service.rules.opening import MAX_TITLE, title, unknown_placeholders

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
        ("{sentiment} at {touchpoint}", "negative at –"),
        ("{unit}", "north Bcc: x"),
        ("plain {", "plain {"),
        ("{words}", "–"),
    ],
)
def test_titles(template: str, expected: str) -> None:
    assert title(template, FACTS) == expected


@given(st.text(max_size=200), st.text(max_size=300))
def test_any_title_is_one_bounded_line_without_words(template: str, unit: str) -> None:
    made = title(template + "{unit}", Facts(unit=unit, words="secret words"))
    assert len(made) <= MAX_TITLE
    assert "\n" not in made
    assert "\r" not in made


def test_unknown_names() -> None:
    assert unknown_placeholders("{rating} {text} {} {x}") == ["text", "", "x"]
