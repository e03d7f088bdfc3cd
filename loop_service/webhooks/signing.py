"""Where a webhook is signed (Standard Webhooks), and how its secret is kept (pure).

Signing is the published `standardwebhooks` package, so that what our receivers verify with is what we
sign with. Secrets are `whsec_` + base64 of 32 random bytes, shown once, kept encrypted (Fernet).
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""After a rotation both secrets sign for this long, so that a receiver can change over without a gap."""


class SecretUnreadable(Exception):
    """The stored secret was encrypted with a key that is not configured any more."""


def new_secret() -> str:
    """A fresh signing secret, `whsec_…`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, at: datetime, body: bytes, signing_secrets: Sequence[str]) -> dict[str, str]:
    """The three headers for `body` sent at `at`; with several secrets several signatures, space-separated."""
    text = body.decode()
    signatures = [Webhook(secret).sign(message_id, at, text) for secret in signing_secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class Vault:
    """Encrypts secrets at rest. The first key encrypts, all of them decrypt: that is how keys rotate."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("encryption keys need 32 characters or more")
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises SecretUnreadable."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretUnreadable("a webhook secret cannot be decrypted with the configured keys") from None


def _derived(key: str) -> bytes:
    """Any long text becomes a Fernet key (HKDF-SHA256), so that a setting need not know Fernet's format."""
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cxloop webhook secrets").derive(key.encode())
    return base64.urlsafe_b64encode(raw)
