"""The request as the edge reads it: headers looked at once, what may be passed on kept, everything else dropped.

Only headers on `PASSED_ON` reach a service. So an inbound `x-cxloop-identity`, its look-alike `x_cxloop_identity`,
and whatever a later header of ours will be called cannot be smuggled in: nobody has to remember to strip it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.problems import Code, Problem
from shared.foundation.ids import new_id

MAX_HEADER_BYTES = 16 * 1024
MAX_HEADERS = 100
MAX_TARGET_BYTES = 8 * 1024

PASSED_ON: frozenset[bytes] = frozenset(
    {
        b"accept",
        b"accept-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"prefer",
        b"user-agent",
        # Signatures of providers, verified by ingest over the raw body (ingest_service/channels/signatures.py).
        b"typeform-signature",
        b"webhook-id",
        b"webhook-timestamp",
        b"webhook-signature",
    }
)
"""Headers of the client that a service sees. Bodies are never passed on compressed: the edge refuses them."""

_READ_ONCE: dict[bytes, str] = {
    b"host": "host",
    b"authorization": "authorization",
    b"x-api-key": "api_key",
    b"cookie": "cookie",
    b"origin": "origin",
    b"content-type": "content_type",
    b"content-length": "content_length",
    b"content-encoding": "content_encoding",
    b"transfer-encoding": "transfer_encoding",
    b"idempotency-key": "idempotency_key",
    b"x-request-id": "request_id_given",
    b"traceparent": "traceparent",
    b"sec-fetch-site": "fetch_site",
}
"""Headers that the edge acts on; one that comes twice is refused, for two readers could take different ones."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{8,64}\Z")
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")


@dataclass(slots=True)
class Inbound:
    """One request: `scope` is uvicorn's; header values are bytes, empty when absent."""

    scope: dict[str, Any]
    method: str
    raw_path: bytes
    query: bytes
    request_id: str = ""
    host: bytes = b""
    authorization: bytes = b""
    api_key: bytes = b""
    cookie: bytes = b""
    origin: bytes = b""
    content_type: bytes = b""
    content_length: bytes = b""
    content_encoding: bytes = b""
    transfer_encoding: bytes = b""
    idempotency_key: bytes = b""
    request_id_given: bytes = b""
    traceparent: bytes = b""
    fetch_site: bytes = b""
    forwarded_for: bytes = b""
    passed_on: list[bytes] = field(default_factory=list)
    """`name: value\\r\\n` of each header that goes on."""

    @property
    def has_body(self) -> bool:
        """Whether a body was announced."""
        return bool(self.transfer_encoding) or (bool(self.content_length) and self.content_length != b"0")

    @property
    def trace(self) -> str | None:
        """The client's traceparent when it is one."""
        return self.traceparent.decode() if self.traceparent and _TRACEPARENT.match(self.traceparent) else None


def read(scope: dict[str, Any]) -> Inbound:
    """Look at every header once. The request id is set even when `check` will refuse the request."""
    inbound = Inbound(scope, scope["method"], scope["raw_path"], scope["query_string"])
    duplicate = False
    seen = 0
    size = 0
    for name, value in scope["headers"]:
        seen += 1
        size += len(name) + len(value)
        attribute = _READ_ONCE.get(name)
        if attribute is not None:
            if getattr(inbound, attribute):
                duplicate = True
            setattr(inbound, attribute, value)
        elif name == b"x-forwarded-for":
            inbound.forwarded_for = inbound.forwarded_for + b"," + value if inbound.forwarded_for else value
        if name in PASSED_ON:
            inbound.passed_on.append(b"%b: %b\r\n" % (name, value))
    given = inbound.request_id_given
    inbound.request_id = given.decode() if given and _REQUEST_ID.match(given) else str(new_id())
    if seen > MAX_HEADERS or size > MAX_HEADER_BYTES or duplicate or inbound.content_encoding:
        _refuse(inbound, too_large=seen > MAX_HEADERS or size > MAX_HEADER_BYTES, duplicate=duplicate)
    if len(inbound.raw_path) + len(inbound.query) > MAX_TARGET_BYTES:
        raise Refused(inbound, Problem(Code.REQUEST_MALFORMED, f"The address is longer than {MAX_TARGET_BYTES} bytes."))
    return inbound


class Refused(Exception):
    """A request refused while it was read; carries what was known of it by then."""

    def __init__(self, inbound: Inbound, problem: Problem) -> None:
        super().__init__(problem.code)
        self.inbound = inbound
        self.problem = problem


def _refuse(inbound: Inbound, *, too_large: bool, duplicate: bool) -> None:
    if too_large:
        raise Refused(
            inbound,
            Problem(
                Code.HEADERS_TOO_LARGE,
                f"Headers take {MAX_HEADERS} lines and {MAX_HEADER_BYTES} bytes at most. Send fewer.",
                headers={"connection": "close"},
            ),
        )
    if duplicate:
        raise Refused(
            inbound,
            Problem(
                Code.REQUEST_MALFORMED,
                "A header that may stand once stands twice (host, authorization, content-type and the like).",
                headers={"connection": "close"},
            ),
        )
    if inbound.content_encoding.lower() != b"identity":
        raise Refused(inbound, Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send the body without Content-Encoding."))
