"""Settings of a service: read from the environment once, refused with the variable's name, never its value.

Every field may be set for one service (`INGEST_DATABASE_URL`) or for all (`DATABASE_URL`); the service's own
name wins.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)


class SettingsError(Exception):
    """The environment does not describe a service that can run; the text names the variables to mend."""


class ServiceSettings(BaseSettings):
    """What every service needs; a service's `settings.py` subclasses it with `service` and its own fields."""

    service: ClassVar[str] = ""
    """Schema and role suffix: `ingest` uses schema `ingest` and role `cxloop_ingest`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: str = Field(description="postgresql://user:password@host:port/database (or ?host=/socket/dir)")
    redis_url: str = Field(description="redis://host:port/0 or unix:///path/to/valkey.sock")
    identity_secret: SecretStr = Field(
        description="Signs the identity that the gateway passes on; 32 characters or more, the same for all."
    )
    listen: str = Field(default="tcp://127.0.0.1:0", description="tcp://host:port, unix:///path.sock or fd://N")
    admin_listen: str = Field(
        default="", description="Where a worker serves /healthz, /readyz and /metrics; empty: nowhere."
    )
    environment: Literal["development", "production"] = Field(
        default="development", description="production refuses weak secrets."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    otel_traces_file: str = Field(default="", description="Write finished spans as JSON lines to this file.")
    otel_exporter_otlp_endpoint: str = Field(
        default="", description="Send traces to this OTLP/HTTP collector, e.g. http://collector:4318."
    )
    trace_sample_ratio: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Share of requests traced, when traces go anywhere."
    )
    db_pool_size: int = Field(default=8, ge=2, le=200, description="Connections to PostgreSQL per process.")
    instance_name: str = Field(default="", description="Shown in metrics and pg_stat_activity.")

    @field_validator("identity_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("needs 32 characters or more")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        own = EnvSettingsSource(settings_cls, env_prefix=f"{cls.service.upper()}_", env_ignore_empty=True)
        common = EnvSettingsSource(settings_cls, env_prefix="", env_ignore_empty=True)
        return (init_settings, own, common)

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the environment. Raises SettingsError that names each bad variable and the reason, no value."""
        try:
            return cls(**overrides)
        except ValidationError as refused:
            raise SettingsError(_explain(cls.service, refused)) from None


def _explain(service: str, refused: ValidationError) -> str:
    lines = []
    for error in refused.errors(include_input=False, include_url=False, include_context=False):
        name = "_".join(str(part) for part in error["loc"]).upper()
        own = f"{service.upper()}_{name}"
        if error["type"] == "missing":
            lines.append(f"set {own} (or {name}): it is missing")
        else:
            lines.append(f"{own} (or {name}): {error['msg']}")
    return "; ".join(lines)
