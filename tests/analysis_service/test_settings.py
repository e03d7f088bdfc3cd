"""Settings of the analysis service: its own names win, faults are named without values."""

from __future__ import annotations

import pytest

from analysis_service.settings import AnalysisSettings
from shared.foundation.settings import SettingsError


def test_its_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://all")
    monkeypatch.setenv("ANALYSIS_DATABASE_URL", "postgresql://own")
    monkeypatch.setenv("REDIS_URL", "redis://all")
    monkeypatch.setenv("IDENTITY_SECRET", "s" * 32)
    settings = AnalysisSettings.load()
    assert (settings.database_url, settings.redis_url) == ("postgresql://own", "redis://all")


def test_a_fault_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANALYSIS_DATABASE_URL", raising=False)
    monkeypatch.setenv("IDENTITY_SECRET", "short-and-secret")
    with pytest.raises(SettingsError) as refused:
        AnalysisSettings.load()
    assert "ANALYSIS_IDENTITY_SECRET" in str(refused.value)
    assert "short-and-secret" not in str(refused.value)
