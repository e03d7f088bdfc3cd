"""The session cookie: found exactly, named by the scheme."""

from __future__ import annotations

import pytest

from gateway.accounts.cookies import clear_cookie, session_token, set_cookie


@pytest.mark.parametrize(
    ("header", "secure", "token"),
    [
        (b"cxl_session=abc", False, "abc"),
        (b"other=1; cxl_session=abc ; more=2", False, "abc"),
        (b"__Host-cxl_session=abc", True, "abc"),
        (b"cxl_session=abc", True, None),
        (b"__Host-cxl_session=abc", False, None),
        (b"xcxl_session=abc", False, None),
        (b"", False, None),
        (b"cxl_session", False, None),
        (b"cxl_session=\xff", False, "\xff"),
    ],
)
def test_found(header: bytes, secure: bool, token: str | None) -> None:
    assert session_token(header, secure=secure) == token


def test_set_and_clear() -> None:
    assert set_cookie("t", secure=False, days=1) == "cxl_session=t; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax"
    assert set_cookie("t", secure=True, days=1).startswith("__Host-cxl_session=t;")
    assert set_cookie("t", secure=True, days=1).endswith("; Secure")
    assert "Max-Age=0" in clear_cookie(secure=False)
