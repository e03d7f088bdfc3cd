"""Problems: the closed list of error codes, and the one exception that becomes an RFC 9457 answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Every error a client can meet. The value is what he reads in `code`."""

    BODY_NOT_JSON = "body_not_json"
    BODY_INVALID = "body_invalid"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    LENGTH_REQUIRED = "length_required"
    HEADERS_TOO_LARGE = "headers_too_large"
    REQUEST_MALFORMED = "request_malformed"
    CONTENT_TYPE_UNSUPPORTED = "content_type_unsupported"
    PARAMETER_INVALID = "parameter_invalid"
    PARAMETER_UNKNOWN = "parameter_unknown"
    CURSOR_INVALID = "cursor_invalid"
    KEY_MISSING = "key_missing"
    KEY_INVALID = "key_invalid"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    IDENTITY_INVALID = "identity_invalid"
    SESSION_INVALID = "session_invalid"
    SIGNATURE_INVALID = "signature_invalid"
    SIGN_IN_FAILED = "sign_in_failed"
    ORIGIN_REFUSED = "origin_refused"
    SCOPE_MISSING = "scope_missing"
    ROLE_INSUFFICIENT = "role_insufficient"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    VERSION_MISMATCH = "version_mismatch"
    TRANSITION_REFUSED = "transition_refused"
    DESTINATION_REFUSED = "destination_refused"
    LIMIT_REACHED = "limit_reached"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    DATABASE_UNAVAILABLE = "database_unavailable"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    STORAGE_FULL = "storage_full"
    INTERNAL = "internal"


STATUS: dict[Code, tuple[int, str]] = {
    Code.BODY_NOT_JSON: (400, "The body is not valid JSON"),
    Code.BODY_INVALID: (422, "The body does not fit this operation"),
    Code.BODY_TOO_LARGE: (413, "The body is too large"),
    Code.BODY_TOO_SLOW: (408, "The body did not arrive in time"),
    Code.LENGTH_REQUIRED: (411, "The length of the body is required"),
    Code.HEADERS_TOO_LARGE: (431, "The headers are too large"),
    Code.REQUEST_MALFORMED: (400, "The request is malformed"),
    Code.CONTENT_TYPE_UNSUPPORTED: (415, "The content type is not supported here"),
    Code.PARAMETER_INVALID: (422, "A parameter is not valid"),
    Code.PARAMETER_UNKNOWN: (422, "A parameter is not known here"),
    Code.CURSOR_INVALID: (422, "The cursor is not valid"),
    Code.KEY_MISSING: (401, "An API key or a session is needed"),
    Code.KEY_INVALID: (401, "The API key is not valid"),
    Code.KEY_EXPIRED: (401, "The API key has expired"),
    Code.KEY_REVOKED: (401, "The API key was revoked"),
    Code.IDENTITY_INVALID: (401, "The caller's identity is not valid"),
    Code.SESSION_INVALID: (401, "The session is not valid"),
    Code.SIGNATURE_INVALID: (401, "The signature is not valid"),
    Code.SIGN_IN_FAILED: (401, "Sign-in failed"),
    Code.ORIGIN_REFUSED: (403, "This origin is not allowed"),
    Code.SCOPE_MISSING: (403, "The key does not have the scope that this needs"),
    Code.ROLE_INSUFFICIENT: (403, "The role does not allow this"),
    Code.NOT_FOUND: (404, "Nothing is found here"),
    Code.METHOD_NOT_ALLOWED: (405, "The method is not allowed here"),
    Code.CONFLICT: (409, "The request conflicts with what is stored"),
    Code.IDEMPOTENCY_CONFLICT: (409, "The same Idempotency-Key is being worked on"),
    Code.IDEMPOTENCY_MISMATCH: (422, "The Idempotency-Key was used with another body"),
    Code.VERSION_MISMATCH: (412, "The resource has changed since it was read"),
    Code.TRANSITION_REFUSED: (409, "The case cannot go to that status now"),
    Code.DESTINATION_REFUSED: (422, "This address may not be called"),
    Code.LIMIT_REACHED: (409, "A limit of the organisation is reached"),
    Code.RATE_LIMITED: (429, "Too many requests"),
    Code.OVERLOADED: (503, "The service is busy"),
    Code.DATABASE_UNAVAILABLE: (503, "The database is not available"),
    Code.UPSTREAM_UNAVAILABLE: (503, "A service behind the gateway is not available"),
    Code.UPSTREAM_TIMEOUT: (504, "A service behind the gateway did not answer in time"),
    Code.STORAGE_FULL: (507, "The storage is full"),
    Code.INTERNAL: (500, "Something went wrong on our side"),
}
"""Status and title of each code; the mapping is total (a test checks it)."""

RETRYABLE_AFTER_S: dict[Code, int] = {
    Code.OVERLOADED: 1,
    Code.DATABASE_UNAVAILABLE: 1,
    Code.UPSTREAM_UNAVAILABLE: 1,
    Code.UPSTREAM_TIMEOUT: 2,
    Code.STORAGE_FULL: 30,
    Code.IDEMPOTENCY_CONFLICT: 1,
}
"""Seconds told in Retry-After where trying again can help and the raiser named no other time."""

PROBLEM_TYPE = "/docs#errors"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault in the input: `pointer` is a JSON pointer (or `?name` for a query parameter)."""

    pointer: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class Problem(Exception):
    """An answer that is not success. `detail` says how to mend the call and never repeats what was sent."""

    def __init__(
        self,
        code: Code,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        if code in RETRYABLE_AFTER_S:
            self.headers.setdefault("retry-after", str(RETRYABLE_AFTER_S[code]))

    @property
    def status(self) -> int:
        return STATUS[self.code][0]

    def body(self, request_id: str) -> dict[str, Any]:
        """The RFC 9457 document."""
        document: dict[str, Any] = {
            "type": f"{PROBLEM_TYPE}-{self.code.value}",
            "title": STATUS[self.code][1],
            "status": self.status,
            "detail": self.detail,
            "code": self.code.value,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = [error.as_dict() for error in self.errors]
        return document
