"""Where a webhook is signed (Standard Webhooks) (pure).

Signing is the published `standardwebhooks` package, so that what our receivers verify with is what we
sign with. Secrets are `whsec_` + base64 of 32 random bytes, shown once, kept encrypted (shared/foundation/sealing.py).
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""After a rotation both secrets sign for this long, so that a receiver can change over without a gap."""


VAULT_PURPOSE = "webhook secrets"
"""Sets the encryption of these secrets apart from that of others."""


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
