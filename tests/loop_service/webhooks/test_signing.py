"""What we sign, the published library verifies; rotation overlaps; secrets at rest are ciphertext."""

import base64

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from loop_service.webhooks.signing import PREFIX, new_secret, signed_headers
from shared.foundation.clock import now

BODY = '{"type":"case.opened","data":{"title":"Grüße"}}'.encode()


def test_a_receiver_verifies_with_the_published_library() -> None:
    secret = new_secret()
    headers = signed_headers("msg_1", now(), BODY, [secret])
    assert Webhook(secret).verify(BODY, headers)["type"] == "case.opened"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)


def test_both_secrets_verify_during_a_rotation() -> None:
    old, new = new_secret(), new_secret()
    headers = signed_headers("msg_1", now(), BODY, [new, old])
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_secrets_follow_the_standard() -> None:
    secret = new_secret()
    assert secret.startswith(PREFIX)
    assert 24 <= len(base64.b64decode(secret.removeprefix(PREFIX))) <= 64
