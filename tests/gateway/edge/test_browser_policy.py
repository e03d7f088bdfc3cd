"""Browser policy: whose page may do what."""

from __future__ import annotations

import pytest

from gateway.edge.browser_policy import is_same_origin, preflight, readable_by, session_may_change

PUBLIC = "https://cx.example.com"


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        (b"https://cx.example.com", b"internal:8080", True),
        (b"https://CX.example.com", b"", True),
        (b"http://127.0.0.1:8080", b"127.0.0.1:8080", True),
        (b"http://127.0.0.1:8081", b"127.0.0.1:8080", False),
        (b"https://cx.example.com.evil.example.net", b"cx.example.com", False),
        (b"null", b"null", False),
        (b"http://", b"", False),
        (b"", b"", False),
    ],
)
def test_same_origin(origin: bytes, host: bytes, same: bool) -> None:
    assert is_same_origin(origin, host, PUBLIC) is same


def test_a_session_acts_for_our_pages_only() -> None:
    assert session_may_change(b"https://cx.example.com", b"", b"x", PUBLIC)
    assert session_may_change(b"", b"same-origin", b"x", PUBLIC)
    assert not session_may_change(b"https://evil.example.net", b"same-origin", b"x", PUBLIC)
    assert not session_may_change(b"", b"none", b"x", PUBLIC)
    assert not session_may_change(b"", b"", b"x", PUBLIC)


def test_cross_origin_answers_never_carry_credentials() -> None:
    for headers in (preflight(b"https://a.example.com", ["POST"]), readable_by(b"https://a.example.com")):
        names = [name for name, _ in headers]
        assert b"access-control-allow-credentials" not in names
        assert (b"vary", b"Origin") in headers
