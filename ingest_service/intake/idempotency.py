"""Idempotency-Key: the same request again gets the same answer, byte for byte, and has no second effect (pure).

A key belongs to an organisation and is kept with its answer in the transaction of the effect, for two days. What
failed validation is not kept: a mended body may use the key again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from shared.contracts.problems import Code, FieldProblem, Problem

KEPT_FOR: Final = timedelta(hours=48)
KEY_LIMIT: Final = 255


def read_key(header: bytes | None) -> str | None:
    """The key that came in the header, or None. Raises Problem(PARAMETER_INVALID)."""
    if header is None:
        return None
    if not 0 < len(header) <= KEY_LIMIT or any(not 0x20 < byte < 0x7F for byte in header):
        raise Problem(
            Code.PARAMETER_INVALID,
            f"An Idempotency-Key has 1 to {KEY_LIMIT} visible ASCII characters without spaces; a UUID is a good one.",
            [FieldProblem("?Idempotency-Key", "idempotency_key_invalid", "not a key")],
        )
    return header.decode("ascii")


def fingerprint(path: str, body: bytes) -> bytes:
    """What makes a request the same request."""
    return hashlib.sha256(path.encode() + b"\n" + body).digest()


def mismatch() -> Problem:
    """The answer to a key that came with another body before."""
    return Problem(
        Code.IDEMPOTENCY_MISMATCH,
        "This Idempotency-Key came with another body or path before. Use a fresh key for a new request.",
    )


def under_way() -> Problem:
    """The answer while the first request with a key has not ended."""
    return Problem(Code.IDEMPOTENCY_CONFLICT, "A request with this Idempotency-Key is under way. Try again.")
