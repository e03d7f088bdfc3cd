"""Secrets at rest are ciphertext; keys rotate; different purposes have different keys."""

from __future__ import annotations

import base64

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.foundation.sealing import SecretUnreadable, Vault

KEY = "a-key-for-tests-that-is-long-enough-000"
OTHER = "another-key-that-is-long-enough-0000"
SECRET = "a secret of somebody"


def test_secrets_at_rest() -> None:
    vault = Vault([KEY], purpose="tests")
    sealed = vault.seal(SECRET)
    assert SECRET.encode() not in sealed
    assert vault.open(sealed) == SECRET
    assert Vault([OTHER, KEY], purpose="tests").open(sealed) == SECRET
    for stranger in (Vault([OTHER], purpose="tests"), Vault([KEY], purpose="something else")):
        with pytest.raises(SecretUnreadable):
            stranger.open(sealed)


def test_bytes_that_are_no_text_come_back() -> None:
    vault = Vault([KEY], purpose="tests")
    assert vault.open_bytes(vault.seal_bytes(b"\xff\x00")) == b"\xff\x00"


@pytest.mark.parametrize("keys", [[], ["short"]])
def test_weak_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Vault(keys, purpose="tests")


def test_webhook_secrets_stored_by_earlier_releases_can_be_read() -> None:
    """The derivation is part of what is stored: changing it would lose every secret."""
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cxloop webhook secrets").derive(KEY.encode())
    stored = Fernet(base64.urlsafe_b64encode(raw)).encrypt(SECRET.encode())
    assert Vault([KEY], purpose="webhook secrets").open(stored) == SECRET
