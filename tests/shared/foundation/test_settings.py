"""Settings: the service's own variable wins, a bad one is named, and no value is ever told."""

from __future__ import annotations

from typing import ClassVar

import pytest

from shared.foundation.settings import ServiceSettings, SettingsError


class TestedSettings(ServiceSettings):
    """A service's settings."""

    __test__ = False
    service: ClassVar[str] = "tested"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    monkeypatch.setenv("REDIS_URL", "redis://all")
    monkeypatch.setenv("IDENTITY_SECRET", "i" * 32)


def test_the_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TestedSettings.load().database_url == "postgresql://all"
    monkeypatch.setenv("TESTED_DATABASE_URL", "postgresql://own")
    assert TestedSettings.load().database_url == "postgresql://own"
    monkeypatch.setenv("TESTED_DATABASE_URL", "")
    assert TestedSettings.load().database_url == "postgresql://all"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    with pytest.raises(SettingsError, match=r"set TESTED_REDIS_URL \(or REDIS_URL\)"):
        TestedSettings.load()


def test_a_bad_secret_is_refused_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTED_IDENTITY_SECRET", "short-and-secret")
    with pytest.raises(SettingsError) as refused:
        TestedSettings.load()
    assert "TESTED_IDENTITY_SECRET" in str(refused.value)
    assert "short-and-secret" not in str(refused.value)
