"""How providers sign what they send: one table, one verifier over the raw bytes, in constant time (pure).

Not in the table: Twilio (covers the URL and parameters), SendGrid (ECDSA). A provider that signs a time is refused
outside five minutes around ours, so that an old message cannot be played again.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from standardwebhooks import Webhook

TOLERANCE: Final = timedelta(minutes=5)


class SignatureRefused(Exception):
    """The body is not from whom it claims to be; the text says what is wrong and repeats nothing."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to sign. `covers` names what is signed: `{body}`, and `{timestamp}` where there is one."""

    header: str
    """Lower case."""
    algorithm: Literal["sha256", "sha1"]
    covers: str
    encoding: Literal["base64", "hex"]
    prefix: str = ""
    timestamp_header: str = ""
    """Holds Unix seconds; empty: the provider signs no time."""


STANDARD_WEBHOOKS: Final = "standard-webhooks"
SCHEMES: Final[dict[str, Scheme]] = {
    "typeform": Scheme("typeform-signature", "sha256", "{body}", "base64", prefix="sha256="),
    "delighted": Scheme("x-delighted-webhook-signature", "sha256", "{body}", "hex", prefix="sha256="),
    "intercom": Scheme("x-hub-signature", "sha1", "{body}", "hex", prefix="sha1="),
    "slack": Scheme(
        "x-slack-signature", "sha256", "v0:{timestamp}:{body}", "hex",
        prefix="v0=", timestamp_header="x-slack-request-timestamp",
    ),
}  # fmt: skip
"""By name. Standard Webhooks stands beside it: its package signs, with an id and several signatures at once."""


def verify(name: str, secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """Raises SignatureRefused unless `body` was signed with `secret`. Header names are lower case; `at` is now."""
    if name == STANDARD_WEBHOOKS:
        _verify_standard(secret, headers, body, at)
        return
    scheme = SCHEMES[name]
    given = headers.get(scheme.header)
    if not given:
        raise SignatureRefused(f"The header {scheme.header} is missing.")
    timestamp = ""
    if scheme.timestamp_header:
        timestamp = _timely(headers.get(scheme.timestamp_header, ""), at)
    if not hmac.compare_digest(sign(scheme, secret, body, timestamp).encode(), given.encode()):
        raise SignatureRefused(f"The header {scheme.header} does not fit this body and the secret of this source.")


def sign(scheme: Scheme, secret: str, body: bytes, timestamp: str = "") -> str:
    """The header's value for `body`."""
    before, _, after = scheme.covers.partition("{body}")
    covered = before.replace("{timestamp}", timestamp).encode() + body + after.encode()
    digest = hmac.digest(secret.encode(), covered, scheme.algorithm)
    encoded = base64.b64encode(digest).decode() if scheme.encoding == "base64" else digest.hex()
    return scheme.prefix + encoded


def _verify_standard(secret: str, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    message_id, given = headers.get("webhook-id"), headers.get("webhook-signature")
    if not message_id or not given:
        raise SignatureRefused("The headers webhook-id and webhook-signature are missing.")
    timestamp = _timely(headers.get("webhook-timestamp", ""), at)
    try:
        moment = datetime.fromtimestamp(int(timestamp), UTC)
        wanted = Webhook(secret).sign(message_id, moment, body.decode()).encode()
    except (UnicodeDecodeError, binascii.Error):
        raise SignatureRefused("The body is not text, or the secret is not one of Standard Webhooks.") from None
    if not any(hmac.compare_digest(wanted, one.encode()) for one in given.split(" ")):
        raise SignatureRefused("The header webhook-signature does not fit this body and the secret of this source.")


def _timely(timestamp: str, at: datetime) -> str:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise SignatureRefused("The time of the signature is missing or not in Unix seconds.")
    if abs(int(timestamp) - at.timestamp()) > TOLERANCE.total_seconds():
        raise SignatureRefused("The time of the signature is more than five minutes from ours.")
    return timestamp
