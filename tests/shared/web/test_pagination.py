"""Cursors come back as they went, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.problems import Code, Problem
from shared.web import pagination


@pytest.fixture(autouse=True)
def key() -> None:
    pagination.use_key("a secret of thirty-two characters!")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**53), 2**53) | st.none(), max_size=4)
)
def test_round_trip(values: list[object]) -> None:
    assert pagination.decode_cursor(pagination.encode_cursor(values)) == values


@given(st.text(max_size=80))
def test_what_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        pagination.decode_cursor(cursor)
    assert refused.value.code is Code.CURSOR_INVALID


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cursor_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    import base64

    raw = bytearray(base64.urlsafe_b64decode(pagination.encode_cursor(["2026-01-01", "x" * 20]) + "=="))
    raw[place % len(raw)] ^= change
    with pytest.raises(Problem):
        pagination.decode_cursor(base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode())
