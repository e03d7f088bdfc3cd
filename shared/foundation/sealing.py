"""Secrets at rest: encrypted with keys from the settings (Fernet), the first key encrypts, all of them decrypt."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr, field_validator, model_validator

from shared.foundation.settings import ServiceSettings


class SecretUnreadable(Exception):
    """The stored secret was encrypted with a key that is not configured any more."""


class Vault:
    """Encrypts what may not lie open in the database. `purpose` keeps the keys of different uses apart."""

    def __init__(self, keys: Sequence[str], *, purpose: str) -> None:
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("encryption keys need 32 characters or more")
        self._fernet = MultiFernet([Fernet(_derived(key, purpose)) for key in keys])

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises SecretUnreadable."""
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, content: bytes) -> bytes:
        """For content that need not be text."""
        return self._fernet.encrypt(content)

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises SecretUnreadable."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise SecretUnreadable("a stored secret cannot be decrypted with the configured keys") from None


def _derived(key: str, purpose: str) -> bytes:
    """Any long text becomes a Fernet key (HKDF-SHA256), so that a setting need not know Fernet's format."""
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"cxloop {purpose}".encode()).derive(key.encode())
    return base64.urlsafe_b64encode(raw)


class SealingSettings(ServiceSettings):
    """Settings of a service that keeps secrets."""

    encryption_key: SecretStr = Field(
        default=SecretStr(""),
        description="Encrypts secrets of webhooks and sources; 32 characters or more. Several, separated by commas, "
        "while rotating: the first encrypts, all decrypt. Empty: taken from the identity secret (development only).",
    )

    @field_validator("encryption_key")
    @classmethod
    def _keys_long_enough(cls, value: SecretStr) -> SecretStr:
        keys = [key.strip() for key in value.get_secret_value().split(",") if key.strip()]
        if any(len(key) < 32 for key in keys):
            raise ValueError("each key needs 32 characters or more")
        return value

    @model_validator(mode="after")
    def _own_key_in_production(self) -> Self:
        if self.environment == "production" and not self.encryption_key.get_secret_value():
            raise ValueError("production needs ENCRYPTION_KEY")
        return self

    @property
    def encryption_keys(self) -> list[str]:
        """The keys, the encrypting one first."""
        keys = [key.strip() for key in self.encryption_key.get_secret_value().split(",") if key.strip()]
        return keys or [self.identity_secret.get_secret_value()]
