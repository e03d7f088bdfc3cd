"""Passwords: argon2id, checked in constant work whether or not there is a password to check against."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 256

_hasher = PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher.hash("a password that nobody has, so that an unknown member costs as much as a known one")


def hash_password(password: str) -> str:
    """The argon2id hash (PHC string) of `password`. Raises ValueError outside 12 to 256 characters."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ValueError(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; None (no password set) never matches, in the same time."""
    try:
        _hasher.verify(stored or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
