"""Identities: the names under which a customer is known, in one normal form (pure).

Order of trust: the organisation's own id, then the e-mail address, then the telephone number.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

import phonenumbers

Kind = Literal["external_id", "email", "phone"]
KINDS: Final[tuple[Kind, ...]] = ("external_id", "email", "phone")
"""In the order in which they decide who somebody is."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\.[^@\s.\x00-\x1f\x7f]{1,63}")


class IdentityUnreadable(ValueError):
    """The text is not an identity of this kind; the message says how it should look and never repeats it."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


def normal_email(text: str) -> str:
    """Lower case, NFC, without spaces around. Raises IdentityUnreadable."""
    address = text.strip()
    if not address.isascii():
        address = unicodedata.normalize("NFC", address)
    if _EMAIL.fullmatch(address) is None:
        raise IdentityUnreadable("email", "this is not an e-mail address: name@example.com is one")
    return address.lower()


def normal_phone(text: str) -> str:
    """E.164, e.g. +442079460000. Raises IdentityUnreadable, also when the country code is missing."""
    number = text.strip()
    if number.startswith("00"):
        number = "+" + number[2:]
    if not number.startswith("+"):
        raise IdentityUnreadable("phone", "write the number with its country code, e.g. +44 20 7946 0000")
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        raise IdentityUnreadable("phone", "this is not a telephone number: +44 20 7946 0000 is one") from None
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise IdentityUnreadable("phone", "the number has too few or too many digits for its country")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def normal(kind: Kind, text: str) -> str:
    """The normal form of an identity of `kind`. Raises IdentityUnreadable."""
    if kind == "email":
        return normal_email(text)
    if kind == "phone":
        return normal_phone(text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)
