"""Settings of the loop service."""

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from shared.foundation.sealing import SealingSettings


class LoopSettings(SealingSettings):
    """What the loop API and worker need; see shared.foundation.settings for the common part."""

    service: ClassVar[str] = "loop"

    listen: str = Field(default="tcp://127.0.0.1:8103", description="tcp://host:port or unix:///path.sock")
    analysis_url: str = Field(
        default="tcp://127.0.0.1:8102", description="Where analysis listens; rules are tried on the past there."
    )
    public_url: str = Field(default="http://127.0.0.1:8080", description="What links in mails begin with.")
    webhook_allowed_hosts: str = Field(
        default="",
        description="Private webhook receivers that may be called, over http too: exact host:port, by commas.",
    )
    webhook_timeout_s: float = Field(default=15.0, ge=0.1, le=30.0, description="Longest webhook call, in seconds.")
    smtp_host: str = Field(default="", description="Mail server; empty: no mail is sent, and each one says so.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_username: str = Field(default="", description="User name at the mail server; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password at the mail server.")
    smtp_tls: Literal["auto", "starttls", "tls", "none"] = Field(
        default="auto", description="auto: STARTTLS where offered; starttls: required; tls: from the first byte."
    )
    mail_from: str = Field(default="cxloop <cxloop@localhost.localdomain>", description="Sender of every mail.")

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Exact host:port texts that may be private."""
        return frozenset(one.strip() for one in self.webhook_allowed_hosts.split(",") if one.strip())
