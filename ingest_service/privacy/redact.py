"""Redaction: personal data in free text is masked before the first store, by validated patterns only (pure).

Placeholders: `[email] [phone] [iban] [card] [ip] [url-token]`. A pattern alone proposes; a validator decides:
country length and check digits for an IBAN (ISO 13616), Luhn and issuer digit for a card, the octets for an IP
address, libphonenumber for a telephone number. Where a validator cannot tell (a national number without context)
we lean to masking what is written like a telephone number and to keeping plain digits (order numbers, dates,
prices, versions). Text without any candidate costs a few searches and is returned as it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

import phonenumbers
from stdnum import iban as stdnum_iban
from stdnum import luhn

DEFAULT_REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "AU")
"""Regions in which a number written without its country code is tried, in this order."""

PHONE_CHECKS: Final = 40
"""Candidates of one text that are put to libphonenumber; any further one is masked unseen, so that a hostile
text cannot buy seconds of our time and cannot hide a number behind decoys either."""

NATIONAL_DIGITS: Final = 9
"""Digits of a number without country code, at least; shorter ones are times (1800-2000) and paragraphs (261/2004)
far more often than local calls."""

_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
_IP4_HINT = re.compile(r"\d\.\d{1,3}\.\d")

_EMAIL = re.compile(r"(?<!\w)\w[\w.+%'-]{0,127}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"']+")
_URL_PARAMETER = re.compile(r"(?<=[?&;#])([\w.-]{1,64})=[^&;#\s]+")
_URL_SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|pwd|session|sig|auth|key|code|hash|otp|ticket|jwt|sid|email|phone"
)
_URL_USERINFO = re.compile(r"(?<=://)[^/\s@?#]+@")
_URL_OPAQUE = re.compile(r"(?<=[/=])(?=[^/?#&=]*\d)(?=[^/?#&=]*[A-Za-z])[A-Za-z0-9_~.%-]{24,}")

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}")
_CARD = re.compile(r"(?<![\d+])[2-6]\d{3}(?:[ \u00a0-]?\d){8,15}(?!\d)")
_IP4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{0,4}:){1,7}[0-9A-Fa-f.]{0,15}(?![\w:])")
_VERSION_BEFORE = re.compile(r"(?i)(?:\bv|\bver\.?|version|build|release|firmware|\bios|android|update|app)\s*:?\s*$")

_PHONE = re.compile(r"(?<![\w$€£/.,#-])(?:\+|\(\+?)?\d(?:[ \u00a0().\-/]{0,3}\d){6,14}(?![\w])")
_DATE = re.compile(
    r"(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})(?:[ \u00a0].*)?"
    r"|\d{4}\s?[-/]\s?\d{4}"  # 2019-2020
    r"|\d{1,3}(?:[., ]\d{3})+(?:[.,]\d{1,2})?"  # 1 000 000.00
    r"|\d+[.,]\d+"
)
_DATE_WITHIN = re.compile(r"(?<!\d)\d{1,2}/\d{1,2}/\d{2,4}(?!\d)")
_PHONE_BEFORE = re.compile(
    r"(?i)(?:call|ring|dial|phone|tel|mobile|cell|whats\s?app|sms|text me|reach|contact|number|fax"
    r"|handy|telefon|nummer|rufen"
    r"|t[ée]l[ée]phone|appel|portable|tel[ée]fono|m[óo]vil|ll[aá]m)[^\n]{0,20}$"
)
_SEPARATED = re.compile(r"\d[ \u00a0().\-/]+\d")

_IBAN_LENGTH: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country (the ISO 13616 registry)."""


def redact(text: str, regions: Sequence[str] = DEFAULT_REGIONS) -> str:
    """Mask personal data in `text`.

    `regions` are ISO 3166 codes in which national telephone numbers are tried. Returns `text` itself when there
    is nothing to mask. Masking again changes nothing.
    """
    found = text
    if "://" in found:
        found = _URL.sub(_mask_url, found)
    if "@" in found:
        found = _EMAIL.sub("[email]", found)
    if _DIGITS.search(found) is not None:
        found = _mask_ibans(found)
        found = _CARD.sub(_mask_card, found)
        if _IP4_HINT.search(found) is not None:
            found = _IP4.sub(_mask_ip4, found)
        found = _mask_phones(found, regions)
    elif _IP4_HINT.search(found) is not None:
        found = _IP4.sub(_mask_ip4, found)
    if found.count(":") >= 3:
        found = _IP6.sub(_mask_ip6, found)
    return found


def redact_value(text: str) -> str:
    """Mask what is beyond doubt in a short attribute value: e-mail addresses, IBANs and secrets in addresses.

    Telephone and card numbers are left: an attribute is often an order or article number, and a tenth of those
    pass Luhn.
    """
    found = text
    if "://" in found:
        found = _URL.sub(_mask_url, found)
    if "@" in found:
        found = _EMAIL.sub("[email]", found)
    if len(found) >= 15 and _DIGITS.search(found) is not None:
        found = _mask_ibans(found)
    return found


def _mask_url(match: re.Match[str]) -> str:
    url = _URL_USERINFO.sub("[url-token]@", match[0])
    url = _URL_PARAMETER.sub(_mask_parameter, url)
    return _URL_OPAQUE.sub("[url-token]", url)


def _mask_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}=[url-token]" if _URL_SECRET_NAME.search(match[1]) else match[0]


def _mask_ibans(text: str) -> str:
    """Mask IBANs; the pattern runs on into the following words, so the country's length says where to stop."""
    parts: list[str] = []
    position = 0
    while (match := _IBAN.search(text, position)) is not None:
        end = _iban_end(text, match.start())
        if end is None:
            parts.append(text[position : match.start() + 2])
            position = match.start() + 2
            continue
        parts.append(text[position : match.start()])
        parts.append("[iban]")
        position = end
    if not parts:
        return text
    parts.append(text[position:])
    return "".join(parts)


def _iban_end(text: str, start: int) -> int | None:
    length = _IBAN_LENGTH.get(text[start : start + 2].upper())
    if length is None:
        return None
    compact: list[str] = []
    for offset in range(start, min(len(text), start + 2 * length)):
        letter = text[offset]
        if letter.isascii() and letter.isalnum():
            compact.append(letter)
            if len(compact) == length:
                after = text[offset + 1 : offset + 2]
                if after.isalnum():
                    return None
                valid = stdnum_iban.is_valid("".join(compact), check_country=False)
                return offset + 1 if valid else None
        elif letter not in " \u00a0-":
            return None
    return None


def _mask_card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if luhn.is_valid(digits) and len(set(digits)) > 1 else match[0]


def _mask_ip4(match: re.Match[str]) -> str:
    if any(int(part) > 255 for part in match[0].split(".")):
        return match[0]
    before = match.string[max(0, match.start() - 16) : match.start()]
    return match[0] if _VERSION_BEFORE.search(before) else "[ip]"


def _mask_ip6(match: re.Match[str]) -> str:
    if match[0].count(":") < 3:
        return match[0]
    try:
        ipaddress.IPv6Address(match[0].rstrip("."))
    except ValueError:
        return match[0]
    return "[ip]" + ("." if match[0].endswith(".") else "")


def _mask_phones(text: str, regions: Sequence[str]) -> str:
    checked = 0

    def decide(match: re.Match[str]) -> str:
        nonlocal checked
        candidate = match[0]
        if _DATE.fullmatch(candidate) or _DATE_WITHIN.search(candidate):
            return candidate
        checked += 1
        if checked > PHONE_CHECKS or _is_phone(candidate, match.string, match.start(), regions):
            return "[phone]"
        return candidate

    return _PHONE.sub(decide, text)


def _is_phone(candidate: str, text: str, start: int, regions: Sequence[str]) -> bool:
    digits = re.sub(r"\D", "", candidate)
    if candidate.lstrip("(").startswith("+") or digits.startswith("00"):
        return _possible("+" + digits.removeprefix("00"))
    if len(digits) < NATIONAL_DIGITS:
        return False
    written_like_one = _SEPARATED.search(candidate) is not None or digits.startswith("0")
    if not written_like_one and not _PHONE_BEFORE.search(text[max(0, start - 40) : start]):
        return False
    return any(_valid(candidate, region) for region in regions)


def _possible(international: str) -> bool:
    try:
        number = phonenumbers.parse(international, None)
        return bool(phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE)
    except phonenumbers.NumberParseException:
        return False


def _valid(candidate: str, region: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(candidate, region)))
    except phonenumbers.NumberParseException:
        return False
