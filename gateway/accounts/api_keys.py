"""API keys and the other secrets of the door: `cxl_sk_` + organisation (22) + random (32) + CRC32 (6), all base62.

The organisation stands in the token itself, so a lookup knows its organisation before it asks the database and
runs under row-level security like every other query. The checksum refuses typing errors offline and lets secret
scanners recognise a leaked key without asking us. Only HMAC-SHA256(pepper, token) is stored: a fast hash is right
for a secret of 190 random bits (62^32), and the pepper keeps a stolen table useless.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

TokenKind = Literal["secret", "publishable", "session", "sign_in_link"]

PREFIXES: dict[TokenKind, str] = {
    "secret": "cxl_sk_",
    "publishable": "cxl_pk_",
    "session": "cxl_se_",
    "sign_in_link": "cxl_sl_",
}
PREFIX_LENGTH = 7
ORG_LENGTH = 22
RANDOM_LENGTH = 32
CHECKSUM_LENGTH = 6
TOKEN_LENGTH = PREFIX_LENGTH + ORG_LENGTH + RANDOM_LENGTH + CHECKSUM_LENGTH

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_KIND = {prefix: kind for kind, prefix in PREFIXES.items()}
_MAX_UUID = (1 << 128) - 1


class TokenMalformed(ValueError):
    """The text is not a token of ours: wrong length, prefix, alphabet or checksum. Never carries the text."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is well formed; whether it is known, and still valid, only the database says."""

    kind: TokenKind
    org_id: UUID
    text: str

    @property
    def shown_prefix(self) -> str:
        """What lists show of it: the kind and the first 4 random characters, e.g. `cxl_sk_…a8Kz`."""
        start = PREFIX_LENGTH + ORG_LENGTH
        return f"{self.text[:PREFIX_LENGTH]}…{self.text[start : start + 4]}"

    @property
    def last4(self) -> str:
        """The last 4 characters, for people who compare a key with a list."""
        return self.text[-4:]

    def __repr__(self) -> str:
        return f"Token(kind={self.kind!r}, org_id={self.org_id!r}, text='…')"


def base62(number: int, width: int) -> str:
    """`number` (0 ≤ number < 62**width) in base62, left-padded with zeros to `width` characters."""
    if number < 0:
        raise ValueError("base62 takes numbers from 0")
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    if number:
        raise ValueError("the number does not fit the width")
    return "".join(reversed(digits))


def from_base62(text: str) -> int:
    """The number that `text` writes in base62. Raises ValueError for a foreign character."""
    number = 0
    for character in text:
        value = _VALUE.get(character)
        if value is None:
            raise ValueError("not base62")
        number = number * 62 + value
    return number


def checksum(text: str) -> str:
    """CRC32 of `text` (ASCII) as 6 base62 characters."""
    return base62(zlib.crc32(text.encode("ascii")), CHECKSUM_LENGTH)


def mint(kind: TokenKind, org_id: UUID) -> Token:
    """A fresh token of `org_id`: 190 random bits from the system's source."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    body = PREFIXES[kind] + base62(org_id.int, ORG_LENGTH) + random
    return Token(kind, org_id, body + checksum(body))


def read(text: str) -> Token:
    """Check form and checksum and read kind and organisation. Raises TokenMalformed, without any look-up."""
    if len(text) != TOKEN_LENGTH or not text.isascii():
        raise TokenMalformed("length")
    kind = _KIND.get(text[:PREFIX_LENGTH])
    if kind is None:
        raise TokenMalformed("prefix")
    body, given = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    if checksum(body) != given:
        raise TokenMalformed("checksum")
    try:
        number = from_base62(text[PREFIX_LENGTH : PREFIX_LENGTH + ORG_LENGTH])
        from_base62(text[PREFIX_LENGTH + ORG_LENGTH : -CHECKSUM_LENGTH])
    except ValueError:
        raise TokenMalformed("alphabet") from None
    if number > _MAX_UUID:
        raise TokenMalformed("organisation")
    return Token(kind, UUID(int=number), text)


def digest(token: Token, pepper: str) -> bytes:
    """What is stored of a token: HMAC-SHA256(pepper, token), 32 bytes."""
    return hmac.new(pepper.encode(), token.text.encode("ascii"), hashlib.sha256).digest()
