"""Bodies are parsed as strictly as storage needs, for any input."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.problems import Code, Problem
from shared.web.bodies import MAX_DEPTH, parse_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_is_json_is_read_as_json_reads_it(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_anything_else_is_a_problem_and_nothing_worse(body: bytes) -> None:
    refused = None
    try:
        parse_json(body)
    except Problem as problem:
        refused = problem
    assert refused is None or refused.status in {400, 422}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.BODY_NOT_JSON),
        (b"{", Code.BODY_NOT_JSON),
        (b'{"a": NaN}', Code.BODY_NOT_JSON),
        (b'{"a": 1e999}', Code.BODY_NOT_JSON),
        (b'{"a": Infinity}', Code.BODY_NOT_JSON),
        (b'"\\ud800"', Code.BODY_NOT_JSON),
        (b"\xff\xfe{\x00}\x00", Code.BODY_NOT_JSON),
        (b'{"a": "b\\u0000c"}', Code.BODY_INVALID),
        (b'{"a\\u0000": 1}', Code.BODY_INVALID),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), Code.BODY_INVALID),
        (b"[" * 5000 + b"]" * 5000, Code.BODY_NOT_JSON),
        (b'{"a": ' + b"9" * 5000 + b"}", Code.BODY_NOT_JSON),
    ],
)
def test_what_storage_cannot_hold_is_refused(body: bytes, code: Code) -> None:
    with pytest.raises(Problem) as refused:
        parse_json(body)
    assert refused.value.code is code


def test_the_deepest_allowed_nesting_passes() -> None:
    parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert parse_json(b'"\\\\u0000"') == "\\u0000"
