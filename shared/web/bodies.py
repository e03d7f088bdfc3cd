"""Request bodies: JSON as strict as PostgreSQL and other parsers need it, refused with words that help.

orjson refuses NaN, numbers beyond range, lone surrogates and invalid UTF-8. Added here: no NUL characters
(PostgreSQL cannot store them) and a bound on nesting. Duplicate keys: the last wins, as in RFC 8259's note.
"""

from __future__ import annotations

from typing import Any

import orjson

from shared.contracts.problems import Code, Problem

MAX_DEPTH = 32


def parse_json(body: bytes) -> Any:
    """Parse `body`. Raises Problem (BODY_NOT_JSON or BODY_INVALID) that says where, never what."""
    if not body:
        raise Problem(Code.BODY_NOT_JSON, "The body is empty. Send a JSON document in UTF-8.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as bad:
        raise Problem(
            Code.BODY_NOT_JSON,
            f"The body is not valid JSON in UTF-8: line {bad.lineno}, column {bad.colno}. "
            "NaN, Infinity, numbers beyond 64 bits and lone surrogates are not JSON.",
        ) from None
    if b"\\u0000" in body and _holds_nul(value):
        raise Problem(Code.BODY_INVALID, "A text holds the character U+0000. Remove it; it cannot be stored.")
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise Problem(Code.BODY_INVALID, f"The body is nested deeper than {MAX_DEPTH} levels. Flatten it.")
    return value


def _holds_nul(value: Any) -> bool:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            if "\x00" in one:
                return True
        elif isinstance(one, dict):
            stack.extend(one.keys())
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False


def _deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
