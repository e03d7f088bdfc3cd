"""Settings of the gateway (`GATEWAY_…`, falling back to the unprefixed name)."""

from __future__ import annotations

import ipaddress
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from gateway.forwarding.pool import parse_addresses
from shared.foundation.settings import ServiceSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class GatewaySettings(ServiceSettings):
    """What the gateway needs beside what every service needs."""

    service: ClassVar[str] = "gateway"

    listen: str = Field(default="tcp://127.0.0.1:8080", description="Where the public API and the pages are served.")
    public_url: str = Field(
        default="http://127.0.0.1:8080",
        description="How clients reach the gateway; sign-in links begin with it, https makes cookies secure.",
    )
    ingest_url: str = Field(
        default="tcp://127.0.0.1:8101", description="Where ingest listens; several addresses separated by commas."
    )
    analysis_url: str = Field(default="tcp://127.0.0.1:8102", description="Where analysis listens.")
    loop_url: str = Field(default="tcp://127.0.0.1:8103", description="Where loop listens.")
    key_pepper: SecretStr = Field(
        description="Mixed into the hash of every key and session; 32 characters or more. Changing it voids them all."
    )
    metrics_networks: str = Field(
        default="127.0.0.0/8,::1/128", description="Who may read /metrics: networks separated by commas."
    )
    trusted_proxies: str = Field(
        default="", description="Networks whose X-Forwarded-For and X-Forwarded-Proto are believed; empty: nobody's."
    )
    rate_secret_key_per_minute: int = Field(default=600_000, ge=1, description="Requests a minute per secret key.")
    rate_session_per_minute: int = Field(default=6_000, ge=1, description="Requests a minute per signed-in member.")
    rate_publishable_key_per_minute: int = Field(
        default=60_000, ge=1, description="Requests a minute per publishable key, all browsers together."
    )
    rate_publishable_client_per_minute: int = Field(
        default=3_000, ge=1, description="Requests a minute per client address with publishable keys."
    )
    rate_sign_in_per_minute: int = Field(default=20, ge=1, description="Sign-in attempts a minute per client address.")
    rate_refused_per_minute: int = Field(
        default=600, ge=1, description="Requests with bad credentials a minute per client address."
    )
    session_days: int = Field(default=7, ge=1, le=90, description="How long a browser stays signed in.")

    @field_validator("key_pepper")
    @classmethod
    def _pepper_long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("needs 32 characters or more")
        return value

    @field_validator("ingest_url", "analysis_url", "loop_url")
    @classmethod
    def _upstream(cls, value: str) -> str:
        parse_addresses(value)
        return value

    @field_validator("metrics_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _url(cls, value: str) -> str:
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ValueError("is an http or https URL without query")
        return value.rstrip("/")

    @property
    def public_origin(self) -> str:
        """scheme://host[:port] of `public_url`, as browsers write an Origin."""
        url = urlsplit(self.public_url)
        return f"{url.scheme}://{url.netloc.lower()}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self.public_url.startswith("https:")


def networks(text: str) -> tuple[Network, ...]:
    """Read a comma list of networks. Raises ValueError, which does not repeat the text."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("is a list of networks such as 10.0.0.0/8,::1/128") from None
