"""Preparation: strict about what counts, exact about what is wrong, silent about what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.intake.preparation import Origin, Prepared, Refused, prepare, prepare_response
from ingest_service.intake.schemas import TEXT_LIMIT
from shared.foundation.ids import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORIGIN = Origin(new_id(), AT)
SAID = {"channel": "web", "text": "Fine."}


def faults(body: Any) -> set[tuple[str, str]]:
    """(pointer, code) of each fault of `body`."""
    with pytest.raises(Refused) as refused:
        prepare(body, ORIGIN)
    return {(error.pointer, error.code) for error in refused.value.errors}


def score(value: Any, metric: str = "nps", **more: Any) -> dict[str, Any]:
    """A submission with one rating."""
    return {"channel": "web", "ratings": [{"metric": metric, "value": value, **more}]}


def test_a_whole_submission() -> None:
    prepared = prepare(
        {
            "channel": "email",
            "source": "after-delivery",
            "submission_id": "o-1",
            "occurred_at": "2026-02-28T13:00:00+01:00",
            "customer": {
                "external_id": "c-1",
                "email": "Known@Example.org",
                "phone": "+44 20 7946 0018",
                "name": "Customer 0001",
                "attributes": {"plan": "pro"},
            },
            "ratings": [
                {"metric": "nps", "value": 9.0},
                {"metric": "stars", "value": 4, "aspect": "cleanliness"},
                {"metric": "rating", "value": 70, "scale": {"min": 0, "max": 100}},
            ],
            "text": "Write to known@example.org",
            "title": "So so",
            "language": "en-GB",
            "unit": "north",
            "touchpoint": "delivery",
            "attributes": {"carrier": "bike", "late": True, "days": 3, "note": None, "who": "x@example.org"},
        },
        ORIGIN,
    )
    assert prepared.occurred_at == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert prepared.identities == (
        ("external_id", "c-1"),
        ("email", "known@example.org"),
        ("phone", "+442079460018"),
    )
    assert prepared.customer_name == "Customer 0001"
    assert prepared.text == "Write to [email]"
    assert prepared.attributes["who"] == "[email]"
    assert prepared.attributes["late"] is True
    assert [(one["metric"], one["value"], one["aspect"]) for one in prepared.ratings] == [
        ("nps", 9, None),
        ("stars", 4, "cleanliness"),
        ("rating", 70, None),
    ]
    assert prepared.ratings[1]["scale"] == {"min": 1.0, "max": 5.0, "direction": "ascending"}


def test_what_is_left_out() -> None:
    prepared = prepare(SAID, ORIGIN)
    assert prepared.source == "web"
    assert prepared.occurred_at == AT
    assert not prepared.occurred_at_told
    assert prepared.content_hash is None
    assert prepared.identities == ()


@pytest.mark.parametrize("value", [True, "9", None, [], {}, 10**400, -1, 11, 9.5])
def test_what_is_no_nps_answer(value: Any) -> None:
    assert {pointer for pointer, _ in faults(score(value))} == {"/ratings/0/value"}


def test_nine_point_nought_is_nine() -> None:
    assert prepare(score(9.0), ORIGIN).ratings == prepare(score(9), ORIGIN).ratings


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (5, {("", "model_type")}),
        ([], {("", "model_type")}),
        ({"text": "a"}, {("/channel", "missing")}),
        ({"channel": "web"}, {("", "nothing_said")}),
        ({"channel": "web", "text": " \n "}, {("", "nothing_said")}),
        ({**SAID, "nope": 1}, {("/nope", "extra_forbidden")}),
        ({**SAID, "a/b~c": 1}, {("/a~1b~0c", "extra_forbidden")}),
        ({**SAID, "text": 5}, {("/text", "string_type")}),
        ({**SAID, "text": "x" * (TEXT_LIMIT + 1)}, {("/text", "string_too_long")}),
        ({**SAID, "text": "a\x00b"}, {("/text", "nul_character")}),
        ({**SAID, "text": "é\x00"}, {("/text", "nul_character")}),
        ({**SAID, "text": "\ud800"}, {("/text", "string_unicode")}),
        ({**SAID, "submission_id": "x" * 256}, {("/submission_id", "string_too_long")}),
        ({**SAID, "submission_id": ""}, {("/submission_id", "string_too_short")}),
        ({**SAID, "unit": " north"}, {("/unit", "surrounding_space")}),
        ({**SAID, "unit": "no\nrth"}, {("/unit", "control_character")}),
        ({**SAID, "language": "english please"}, {("/language", "string_pattern_mismatch")}),
        ({**SAID, "occurred_at": "yesterday"}, {("/occurred_at", "time_invalid")}),
        ({**SAID, "occurred_at": "2026-01-31T09:30:00"}, {("/occurred_at", "time_naive")}),
        ({**SAID, "occurred_at": "2026-01-31"}, {("/occurred_at", "time_naive")}),
        ({**SAID, "occurred_at": "0001-01-01T00:00:00+14:00"}, {("/occurred_at", "time_too_early")}),
        ({**SAID, "occurred_at": "9999-12-31T23:59:59-14:00"}, {("/occurred_at", "time_too_early")}),
        ({**SAID, "occurred_at": "2026-03-03T00:00:00Z"}, {("/occurred_at", "time_in_future")}),
        ({**SAID, "occurred_at": 1700000000}, {("/occurred_at", "string_type")}),
        ({**SAID, "customer": {"name": "x"}}, {("/customer", "customer_unnamed")}),
        ({**SAID, "customer": {"email": "not an address"}}, {("/customer/email", "email_invalid")}),
        ({**SAID, "customer": {"phone": "020 7946 0018"}}, {("/customer/phone", "phone_invalid")}),
        ({**SAID, "attributes": {"a": {}}}, {("/attributes/a", "not_scalar")}),
        ({**SAID, "attributes": {"a": float("nan")}}, {("/attributes/a", "not_scalar")}),
        ({**SAID, "attributes": {"a": 2**70}}, {("/attributes/a", "not_scalar")}),
        ({**SAID, "attributes": {"a": "x" * 2049}}, {("/attributes/a", "value_too_long")}),
        ({**SAID, "attributes": {"a": "\x00"}}, {("/attributes/a", "nul_character")}),
        ({**SAID, "attributes": {"a": "\ud800"}}, {("/attributes/a", "not_unicode")}),
        ({**SAID, "attributes": {"": 1}}, {("/attributes/", "key_too_long")}),
        ({**SAID, "attributes": {str(n): n for n in range(101)}}, {("/attributes", "too_long")}),
        (score(3, "nps_like"), {("/ratings/0/metric", "literal_error")}),
        (score(3, "rating"), {("/ratings/0/scale", "scale_required")}),
        (score(3, scale={"min": 1, "max": 5}), {("/ratings/0/scale", "not_an_nps_scale")}),
        (score(3, scale={"min": "1", "max": 5}), {("/ratings/0/scale/min", "float_type")}),
        (
            {"channel": "web", "ratings": [{"metric": "nps", "value": 9}, {"metric": "nps", "value": 2}]},
            {("/ratings/1", "rating_twice")},
        ),
    ],
)
def test_each_fault_is_named(body: Any, expected: set[tuple[str, str]]) -> None:
    assert faults(body) == expected


def test_all_faults_are_told_at_once() -> None:
    body = {**score(11), "unit": " x", "occurred_at": "soon", "customer": {"email": "none"}}
    assert {pointer for pointer, _ in faults(body)} == {
        "/ratings/0/value",
        "/unit",
        "/occurred_at",
        "/customer/email",
    }


def test_no_fault_repeats_what_was_sent() -> None:
    canary = "kanarienvogel"
    body = {
        "channel": f" {canary}",
        "text": 5,
        "customer": {"email": canary, "phone": canary},
        "occurred_at": canary,
        "ratings": [{"metric": canary, "value": canary}],
    }
    for whole in (body, {**body, "text": "a", "ratings": [{"metric": "nps", "value": 3}]}):
        with pytest.raises(Refused) as refused:
            prepare(whole, ORIGIN)
        assert canary not in repr(refused.value.errors)


def fingerprint(**more: Any) -> bytes | None:
    return prepare({**SAID, "submission_id": "s", **more}, ORIGIN).content_hash


def test_the_fingerprint_tells_a_correction_from_a_repetition() -> None:
    first = fingerprint()
    assert first == fingerprint(title=None) == fingerprint(title="") == fingerprint(attributes={})
    assert fingerprint(attributes={"a": 1, "b": 2}) == fingerprint(attributes={"b": 2, "a": 1})
    later = Origin(ORIGIN.org_id, AT + timedelta(hours=1))
    assert prepare({**SAID, "submission_id": "s"}, later).content_hash == first
    changes: list[dict[str, Any]] = [
        {"text": "Bad."},
        {"ratings": [{"metric": "nps", "value": 3}]},
        {"customer": {"external_id": "c"}},
        {"unit": "u"},
        {"attributes": {"a": 1}},
        {"occurred_at": "2026-01-01T00:00:00Z"},
    ]
    assert len({first, *(fingerprint(**change) for change in changes)}) == len(changes) + 1


def test_a_response_belongs_where_its_survey_belongs() -> None:
    told = prepare_response({"text": "a", "survey_id": "x"}, ORIGIN, unit="north", touchpoint="checkout")
    assert (told.channel, told.unit, told.touchpoint, told.survey_id) == ("widget", "north", "checkout", "x")
    own = prepare_response({"text": "a", "unit": "south"}, ORIGIN, unit="north", touchpoint=None)
    assert own.unit == "south"
    assert prepare_response({"text": "a", "publishable_key": "k"}, ORIGIN, unit=None, touchpoint=None).text == "a"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_names = st.sampled_from(
    [
        "channel",
        "source",
        "submission_id",
        "occurred_at",
        "customer",
        "ratings",
        "text",
        "title",
        "language",
        "unit",
        "touchpoint",
        "attributes",
    ]
)
_customers = st.dictionaries(
    st.sampled_from(["external_id", "email", "phone", "name", "attributes"]), _json, max_size=4
)
_ratings = st.lists(
    st.dictionaries(st.sampled_from(["metric", "value", "scale", "aspect"]), _json | st.just("nps"), max_size=4),
    max_size=3,
)


@given(st.dictionaries(_names, _json | _customers | _ratings, max_size=8))
def test_any_document_is_prepared_or_refused_with_reasons(body: dict[str, Any]) -> None:
    body = {"channel": "web", "text": "x", **body}
    try:
        prepared = prepare(body, ORIGIN)
    except Refused as refusal:
        told = refusal.errors
        assert told
        orjson.dumps([error.as_dict() for error in told])
        return
    assert isinstance(prepared, Prepared)
    orjson.dumps([prepared.ratings, prepared.attributes, prepared.customer_attributes])
    assert "\x00" not in repr(prepared.text)
    assert prepared.occurred_at <= AT + timedelta(days=1)
