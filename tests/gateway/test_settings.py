"""Settings: refused by name, never by value."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.settings import GatewaySettings
from shared.foundation.settings import SettingsError
from tests.support.services import SECRETS

GOOD: dict[str, Any] = {"database_url": "postgresql://x/x", "redis_url": "redis://x", **SECRETS}


def test_origin_and_security_follow_the_public_url() -> None:
    settings = GatewaySettings(**GOOD, public_url="https://CX.example.com/")
    assert (settings.public_url, settings.public_origin, settings.secure) == (
        "https://CX.example.com", "https://cx.example.com", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key_pepper", "short-secret-value"),
        ("ingest_url", "ftp://somewhere"),
        ("metrics_networks", "not-a-network"),
        ("trusted_proxies", "10.0.0.0/99"),
        ("public_url", "not-a-url"),
        ("rate_sign_in_per_minute", "0"),
    ],
)
def test_bad_values_are_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        GatewaySettings.load(**{**GOOD, name: value})
    assert f"GATEWAY_{name.upper()}" in str(refused.value)
    assert value == "0" or value not in str(refused.value)
