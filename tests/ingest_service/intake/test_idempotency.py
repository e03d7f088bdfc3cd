"""Idempotency keys as they come in a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.intake.idempotency import fingerprint, read_key
from shared.contracts.problems import Problem


def test_no_header_is_no_key() -> None:
    assert read_key(None) is None


@given(st.binary(max_size=300))
def test_a_key_is_visible_ascii_or_refused(header: bytes) -> None:
    try:
        key = read_key(header)
    except Problem:
        assert not 0 < len(header) <= 255 or any(not 0x21 <= byte <= 0x7E for byte in header)
    else:
        assert key is not None
        assert key.encode() == header


@pytest.mark.parametrize("other", [("/a", b"c"), ("/c", b"b")])
def test_another_path_or_body_is_another_request(other: tuple[str, bytes]) -> None:
    assert fingerprint("/a", b"b") == fingerprint("/a", b"b")
    assert fingerprint(*other) != fingerprint("/a", b"b")
