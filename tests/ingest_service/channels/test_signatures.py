"""Signatures: what a provider signed is taken, anything else is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from gateway.edge.inbound import PASSED_ON
from ingest_service.channels.signatures import SCHEMES, STANDARD_WEBHOOKS, SignatureRefused, sign, verify

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a secret at the provider"
BODY = b'{"event_type": "form_response"}'


def headers_for(name: str, body: bytes, at: datetime = AT, secret: str = SECRET) -> dict[str, str]:
    scheme = SCHEMES[name]
    timestamp = str(int(at.timestamp()))
    headers = {scheme.header: sign(scheme, secret, body, timestamp)}
    return headers | ({scheme.timestamp_header: timestamp} if scheme.timestamp_header else {})


def test_typeform_signs_the_raw_body_in_base64() -> None:
    digest = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()
    verify("typeform", SECRET, {"typeform-signature": "sha256=" + base64.b64encode(digest).decode()}, BODY, AT)
    with pytest.raises(SignatureRefused):
        verify("typeform", SECRET, {"typeform-signature": "sha256=" + digest.hex()}, BODY, AT)


def test_slack_signs_version_time_and_body() -> None:
    """The example of Slack's own documentation, in shape: v0:timestamp:body, hex."""
    stamp = str(int(AT.timestamp()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + BODY, hashlib.sha256).hexdigest()
    verify("slack", SECRET, {"x-slack-signature": f"v0={digest}", "x-slack-request-timestamp": stamp}, BODY, AT)


@pytest.mark.parametrize("name", SCHEMES)
@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_signature_fits_its_body_and_secret_alone(name: str, body: bytes, other: bytes) -> None:
    headers = headers_for(name, body)
    verify(name, SECRET, headers, body, AT)
    with pytest.raises(SignatureRefused):
        verify(name, SECRET + "x", headers, body, AT)
    if other != body:
        with pytest.raises(SignatureRefused):
            verify(name, SECRET, headers, other, AT)


@pytest.mark.parametrize("name", [*SCHEMES, STANDARD_WEBHOOKS])
@pytest.mark.parametrize("text", ["", "sha256=", "sha256=é", "v1,é", "x" * 9000])
def test_what_is_no_signature_is_refused(name: str, text: str) -> None:
    headers = dict.fromkeys((one.header for one in SCHEMES.values()), text)
    stamp = str(int(AT.timestamp()))
    headers |= {"webhook-id": "msg", "webhook-signature": text, "webhook-timestamp": stamp}
    for given_headers in (headers, {}):
        with pytest.raises(SignatureRefused) as refused:
            verify(name, "whsec_" + base64.b64encode(b"k" * 32).decode(), given_headers, BODY, AT)
        assert not text or text not in str(refused.value)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_message_cannot_be_played_again(minutes: int) -> None:
    headers = headers_for("slack", BODY)
    with pytest.raises(SignatureRefused, match="five minutes"):
        verify("slack", SECRET, headers, BODY, AT + timedelta(minutes=minutes))


def test_standard_webhooks_with_several_signatures() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    ours = Webhook(secret).sign("msg_1", AT, BODY.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(AT.timestamp())),
        "webhook-signature": f"v1,x {ours}",
    }
    verify(STANDARD_WEBHOOKS, secret, headers, BODY, AT)
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": "1"}, {"webhook-timestamp": "²"}):
        with pytest.raises(SignatureRefused):
            verify(STANDARD_WEBHOOKS, secret, headers | changed, BODY, AT)
    for unsuitable in ("no base64!", "x"):
        with pytest.raises(SignatureRefused):
            verify(STANDARD_WEBHOOKS, unsuitable, headers, BODY, AT)
    with pytest.raises(SignatureRefused):
        verify(STANDARD_WEBHOOKS, secret, headers, b"\xff", AT)


def test_the_gateway_passes_the_signature_of_connected_channels_on() -> None:
    assert SCHEMES["typeform"].header.encode() in PASSED_ON
    assert {b"webhook-id", b"webhook-timestamp", b"webhook-signature"} <= PASSED_ON
