"""Passwords: bounds, matching, and no answer without a stored hash."""

from __future__ import annotations

import pytest

from gateway.accounts.passwords import hash_password, matches


def test_matches_its_own_hash_only() -> None:
    stored = hash_password("a long enough phrase")
    assert stored.startswith("$argon2id$")
    assert matches(stored, "a long enough phrase")
    assert not matches(stored, "another long phrase")


def test_nobody_signs_in_without_a_password() -> None:
    assert not matches(None, "a password that nobody has, so that an unknown member costs as much as a known one")
    assert not matches("not a hash", "a long enough phrase")


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_bounds(password: str) -> None:
    with pytest.raises(ValueError):
        hash_password(password)
