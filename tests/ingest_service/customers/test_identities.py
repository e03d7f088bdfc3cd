"""Identities in normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.customers.identities import IdentityUnreadable, Kind, normal


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", " Known@Example.ORG ", "known@example.org"),
        ("email", "e\u0301@example.org", "é@example.org"),
        ("phone", "+44 (0)20 7946 0018", "+442079460018"),
        ("phone", "0049 30 901820", "+4930901820"),
        ("external_id", "C-1", "C-1"),
        ("external_id", "e\u0301", "é"),
    ],
)
def test_the_normal_form(kind: Kind, text: str, expected: str) -> None:
    assert normal(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "known"),
        ("email", "@example.org"),
        ("email", "a b@example.org"),
        ("email", "a@example"),
        ("email", "a@b@example.org"),
        ("phone", "020 7946 0018"),
        ("phone", "+44 1"),
        ("phone", "+999 123456789"),
        ("phone", "soon"),
    ],
)
def test_what_is_none(kind: Kind, text: str) -> None:
    with pytest.raises(IdentityUnreadable) as refused:
        normal(kind, text)
    assert text not in refused.value.detail


@given(st.sampled_from(["external_id", "email", "phone"]), st.text(max_size=60))
def test_a_normal_form_is_its_own_normal_form(kind: Kind, text: str) -> None:
    try:
        once = normal(kind, text)
    except IdentityUnreadable:
        return
    assert normal(kind, once) == once


@given(st.integers(10_000_000, 99_999_999), st.sampled_from(["+49 30 {}", "0049-30-{}", "+4930{}", "+49 (30) {}"]))
def test_a_number_is_one_however_it_is_written(number: int, written: str) -> None:
    assert normal("phone", written.format(number)) == f"+4930{number}"
