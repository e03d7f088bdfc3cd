"""Pages: opaque, signed keyset cursors that stay stable under inserts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from shared.contracts.problems import Code, FieldProblem, Problem

Item = TypeVar("Item")
_SIGNATURE_BYTES = 12
_key: list[bytes] = [b""]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null at the end."""

    data: list[Item]
    next_cursor: str | None = None


def use_key(secret: str) -> None:
    """Set the signing key of this process; all processes of a deployment share it."""
    _key[0] = hmac.digest(secret.encode(), b"cursor", hashlib.sha256)


def encode_cursor(values: list[Any]) -> str:
    """Seal the sort key of the last row of a page (JSON values, datetimes and UUIDs become text)."""
    payload = orjson.dumps(values, default=str)  # asyncpg has a UUID class of its own
    signature = hmac.digest(_key[0], payload, hashlib.sha256)[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> list[Any]:
    """Open a cursor. Raises Problem(CURSOR_INVALID) for anything this deployment did not make."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused() from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, hmac.digest(_key[0], payload, hashlib.sha256)[:_SIGNATURE_BYTES]):
        raise _refused()
    values: list[Any] = orjson.loads(payload)
    return values


@contextmanager
def reading_cursor() -> Iterator[None]:
    """Around taking a cursor's values apart: a cursor of another list is refused, as one that nobody made is."""
    try:
        yield
    except (ValueError, TypeError, AttributeError):
        raise _refused() from None


def _refused() -> Problem:
    return Problem(
        Code.CURSOR_INVALID,
        "Use `next_cursor` of the page before exactly as it came, or leave it out to start anew.",
        [FieldProblem("?cursor", "cursor_invalid", "not a cursor of this service")],
    )
