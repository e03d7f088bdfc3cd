"""Settings of the analysis service."""

from __future__ import annotations

from typing import ClassVar

from shared.foundation.settings import ServiceSettings


class AnalysisSettings(ServiceSettings):
    """What every service needs; the analysis service needs no more."""

    service: ClassVar[str] = "analysis"
