"""Keys: form, checksum, organisation within, digest."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts import api_keys

ORG = UUID("01990000-0000-7000-8000-000000000001")


@given(st.uuids(), st.sampled_from(sorted(api_keys.PREFIXES)))
def test_token_carries_its_organisation_and_kind(org_id: UUID, kind: api_keys.TokenKind) -> None:
    token = api_keys.mint(kind, org_id)
    assert len(token.text) == api_keys.TOKEN_LENGTH == 67
    assert api_keys.read(token.text) == token


@given(st.integers(min_value=0, max_value=66), st.sampled_from(api_keys.ALPHABET))
def test_any_one_character_changed_is_refused(place: int, other: str) -> None:
    text = api_keys.mint("secret", ORG).text
    if text[place] == other:
        return
    with pytest.raises(api_keys.TokenMalformed):
        api_keys.read(text[:place] + other + text[place + 1 :])


@given(st.text(max_size=80))
def test_arbitrary_text_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(api_keys.TokenMalformed) as refused:
        api_keys.read(text)
    assert len(text) < 8 or text not in str(refused.value)


def _signed(body: str) -> str:
    return body + api_keys.checksum(body)


@pytest.mark.parametrize(
    "body",
    [
        "cxl_sk_" + "z" * 22 + "a" * 32,  # an organisation beyond 128 bits
        "cxl_sk_" + "-" * 22 + "a" * 32,
        "cxl_sk_" + "0" * 22 + "!" * 32,
        "cxl_xx_" + "0" * 22 + "a" * 32,
    ],
)
def test_right_checksum_over_wrong_parts_is_refused(body: str) -> None:
    with pytest.raises(api_keys.TokenMalformed):
        api_keys.read(_signed(body))


@given(st.integers(min_value=0, max_value=62**8 - 1))
def test_base62_round_trip(number: int) -> None:
    assert api_keys.from_base62(api_keys.base62(number, 8)) == number


@pytest.mark.parametrize("number", [-1, 62])
def test_base62_refuses_what_does_not_fit(number: int) -> None:
    with pytest.raises(ValueError):
        api_keys.base62(number, 1)


def test_digest_depends_on_token_and_pepper() -> None:
    one, two = api_keys.mint("secret", ORG), api_keys.mint("secret", ORG)
    digests = {api_keys.digest(token, pepper) for token in (one, two) for pepper in ("p", "q")}
    assert len(digests) == 4
    assert all(len(digest) == 32 for digest in digests)


def test_shown_parts_and_repr_give_no_secret_away() -> None:
    token = api_keys.mint("publishable", ORG)
    assert token.text not in repr(token)
    assert token.shown_prefix == f"cxl_pk_…{token.text[29:33]}"
    assert token.last4 == token.text[-4:]
