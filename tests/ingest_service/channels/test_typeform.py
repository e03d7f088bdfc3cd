"""Typeform: every answer becomes what it is, and nothing is mixed or guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.channels.mapped import NotFeedback
from ingest_service.channels.typeform import TypeformScale, TypeformSettings, submission
from ingest_service.intake.preparation import Origin, prepare
from shared.foundation.ids import new_id
from tests.ingest_service.channels.typeform_documents import answer, field, nps_webhook, webhook

PLAIN = TypeformSettings()


def one_number(kind: str, value: Any, settings: TypeformSettings = PLAIN, **properties: Any) -> dict[str, Any]:
    return submission(webhook([field("q", kind, **properties)], [answer("q", kind, "number", value)]), settings).body


def test_the_usual_form() -> None:
    mapped = submission(nps_webhook(), TypeformSettings(unit="North", touchpoint="delivery"))
    assert mapped.notes == []
    assert mapped.body == {
        "channel": "typeform",
        "source": "typeform-FORM01",
        "submission_id": "token-1",
        "occurred_at": "2026-02-28T09:01:00Z",
        "ratings": [{"metric": "nps", "value": 2, "scale": {"min": 0, "max": 10}}],
        "text": "Terrible: rude staff, and the parcel came a week late.",
        "unit": "North",
        "touchpoint": "delivery",
    }


@pytest.mark.parametrize(
    ("kind", "properties", "settings", "expected"),
    [
        ("nps", {}, PLAIN, ("nps", 0, 10)),
        ("rating", {"steps": 5}, PLAIN, ("stars", 1, 5)),
        ("rating", {"steps": 10}, PLAIN, ("rating", 1, 10)),
        ("opinion_scale", {"steps": 11}, PLAIN, ("rating", 0, 10)),
        ("opinion_scale", {"steps": 5, "start_at_one": True}, PLAIN, ("rating", 1, 5)),
        ("opinion_scale", {"steps": 11}, TypeformSettings(nps_field="q"), ("nps", 0, 10)),
        ("opinion_scale", {}, TypeformSettings(nps_field="id-q"), ("nps", 0, 10)),
        ("opinion_scale", {"steps": 7}, TypeformSettings(nps_field="q"), ("rating", 0, 6)),
        ("rating", {}, TypeformSettings(scales={"q": TypeformScale(min=1, max=5)}), ("stars", 1, 5)),
        ("opinion_scale", {}, TypeformSettings(scales={"q": TypeformScale(min=1, max=7)}), ("rating", 1, 7)),
    ],
)
def test_each_score_is_on_its_own_scale(
    kind: str, properties: dict[str, Any], settings: TypeformSettings, expected: tuple[str, int, int]
) -> None:
    rating = one_number(kind, 4, settings, **properties)["ratings"][0]
    assert (rating["metric"], rating["scale"]["min"], rating["scale"]["max"]) == expected


@pytest.mark.parametrize("kind", ["rating", "opinion_scale"])
def test_a_score_whose_scale_nobody_tells_is_an_attribute(kind: str) -> None:
    mapped = submission(webhook([field("q", kind)], [answer("q", kind, "number", 4)]), PLAIN)
    assert "ratings" not in mapped.body
    assert mapped.body["attributes"] == {"q": 4}
    assert [note.code for note in mapped.notes] == ["scale_unknown"]


def test_two_questions_of_a_metric_are_told_apart_and_the_named_one_speaks_for_the_whole() -> None:
    fields = [field("a", "opinion_scale", steps=11), field("b", "nps"), field("c", "rating", steps=5)]
    answers = [
        answer("a", "opinion_scale", "number", 9), answer("b", "nps", "number", 1), answer("c", "rating", "number", 3),
    ]  # fmt: skip
    body = submission(webhook(fields, answers), TypeformSettings(nps_field="a")).body
    assert [(one["metric"], one["value"], one.get("aspect")) for one in body["ratings"]] == [
        ("nps", 9, None),
        ("nps", 1, "b"),
        ("stars", 3, None),
    ]
    # What is asked decides, not what was answered: a question left out must not change what the other one means.
    alone = submission(webhook([field("x", "nps"), field("y", "nps")], [answer("y", "nps", "number", 5)]), PLAIN)
    assert alone.body["ratings"][0]["aspect"] == "y"


def test_texts_choices_and_facts() -> None:
    answers: list[Any] = [
        answer("t1", "short_text", "text", " Too late. "),
        answer("t2", "long_text", "text", "And cold."),
        answer("c1", "multiple_choice", "choice", {"id": "1", "label": "By bike", "ref": "r"}),
        answer("c2", "multiple_choice", "choices", {"ids": ["1"], "labels": ["Red", "Blue"], "other": "Green"}),
        answer("d", "date", "date", "2026-02-01"),
        answer("b", "yes_no", "boolean", False),
        answer("n", "number", "number", 3),
        answer("f", "file_upload", "file_url", "https://example.com/file"),
        {"type": "payment", "payment": {}, "field": {"id": "p", "type": "payment"}},
        "nonsense",
    ]
    mapped = submission(webhook([], answers), PLAIN)
    assert mapped.body["text"] == "Too late.\n\nAnd cold."
    assert mapped.body["attributes"] == {
        "c1": "By bike", "c2": "Red, Blue, Green", "d": "2026-02-01", "b": False, "n": 3,
    }  # fmt: skip
    assert [(note.pointer[-1], note.code) for note in mapped.notes] == [
        ("7", "answer_type_ignored"),
        ("8", "answer_type_ignored"),
        ("9", "answer_unreadable"),
    ]


def test_who_it_is() -> None:
    hidden = {"user_id": "u-1", "customer_id": "c-1", "email": "told@example.com", "plan": "gold", "empty": ""}
    answers = [
        answer("e", "email", "email", "typed@example.com"),
        answer("p", "phone_number", "phone_number", "+44 20 7946 0000"),
    ]
    mapped = submission(webhook([], answers, hidden=hidden), PLAIN)
    assert mapped.body["customer"] == {"external_id": "u-1", "email": "told@example.com", "phone": "+44 20 7946 0000"}
    assert mapped.body["attributes"] == {"plan": "gold"}
    assert {note.code for note in mapped.notes} == {"further_identity_ignored"}


def test_a_placeholder_in_the_link_makes_nobody_a_customer() -> None:
    mapped = submission(nps_webhook(hidden={"user_id": "xxxxx", "email": "not an address"}), PLAIN)
    assert "customer" not in mapped.body
    assert [note.code for note in mapped.notes] == ["placeholder_ignored", "identity_unreadable"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "not_an_object"),
        ({}, "not_a_form_response"),
        ({"event_type": "form_response_partial", "form_response": {}}, "not_a_form_response"),
        ({"event_type": "form_response"}, "form_response_missing"),
        ({"event_type": "form_response", "form_response": {}}, "form_id_missing"),
        ({"event_type": "form_response", "form_response": {"form_id": "a"}}, "token_missing"),
        (nps_webhook(answers={}) | {"x": 1}, None),
        (nps_webhook(answers="no"), "answers_not_a_list"),
    ],
)
def test_what_is_no_form_response_is_refused_by_name(document: Any, code: str | None) -> None:
    if code is None:
        assert "ratings" not in submission(document, PLAIN).body
        return
    with pytest.raises(NotFeedback) as refused:
        submission(document, PLAIN)
    assert refused.value.code == code


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=70)
"""What the JSON parser lets through."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 12) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KINDS = ["nps", "rating", "opinion_scale", "number", "long_text", "multiple_choice", "email"]
FIELDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcd") | JSON, "type": st.sampled_from(KINDS) | JSON},
        optional={"ref": JSON, "properties": st.fixed_dictionaries({"steps": st.integers(0, 12) | JSON}) | JSON},
    )
    | JSON,
    max_size=4,
)
ANSWER_KINDS = ["number", "text", "choice", "choices", "email", "phone_number", "boolean", "date", "url"]


@st.composite
def answers_of(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(ANSWER_KINDS) | JSON)
    about = {"id": draw(st.sampled_from("abcd")), "type": draw(st.sampled_from(KINDS)), "ref": draw(JSON)}
    return {"type": kind, str(kind): draw(JSON), "field": draw(st.just(about) | JSON)}


@given(fields=FIELDS, answers=st.lists(answers_of() | JSON, max_size=5), hidden=JSON)
def test_whatever_answers_hold_the_rest_is_storable(fields: Any, answers: Any, hidden: Any) -> None:
    """One odd answer never costs the feedback: beside a text, what is made of the rest can always be stored."""
    said = answer("said", "long_text", "text", "This was said.")
    mapped = submission(webhook(fields, [*answers, said], hidden=hidden), PLAIN)
    prepared = prepare(mapped.body, Origin(new_id(), datetime(2026, 3, 1, tzinfo=UTC)))
    assert "This was said." in (prepared.text or "")
    assert submission(webhook(fields, [*answers, said], hidden=hidden), PLAIN).body == mapped.body
