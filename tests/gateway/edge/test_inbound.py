"""Reading a request: what is passed on, what is refused, whatever the bytes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.inbound import MAX_HEADER_BYTES, PASSED_ON, Refused, read
from shared.contracts.problems import Code


def scope(*headers: tuple[bytes, bytes], path: bytes = b"/v1/x", query: bytes = b"") -> dict[str, Any]:
    return {"method": "GET", "raw_path": path, "query_string": query, "headers": list(headers)}


def test_only_listed_headers_are_passed_on() -> None:
    sent = [(name, b"v") for name in sorted(PASSED_ON)] + [(b"x-cxloop-identity", b"i"), (b"x_cxloop_identity", b"i")]
    assert read(scope(*sent)).passed_on == [b"%b: v\r\n" % name for name in sorted(PASSED_ON)]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([(b"x", b"y")] * 101, Code.HEADERS_TOO_LARGE),
        ([(b"x", b"y" * MAX_HEADER_BYTES)], Code.HEADERS_TOO_LARGE),
        ([(b"authorization", b"a"), (b"authorization", b"a")], Code.REQUEST_MALFORMED),
        ([(b"cookie", b"a"), (b"cookie", b"b")], Code.REQUEST_MALFORMED),
        ([(b"content-encoding", b"gzip")], Code.CONTENT_TYPE_UNSUPPORTED),
    ],
)
def test_refusals_know_the_request_id(headers: list[tuple[bytes, bytes]], code: Code) -> None:
    with pytest.raises(Refused) as refused:
        read(scope(*headers, (b"x-request-id", b"known-id-1")))
    assert refused.value.problem.code is code
    assert refused.value.inbound.request_id in ("known-id-1",)


def test_identity_encoding_is_no_encoding() -> None:
    assert read(scope((b"content-encoding", b"identity")))


def test_long_targets_are_refused() -> None:
    with pytest.raises(Refused):
        read(scope(query=b"a" * 8200))


NAMES = st.sampled_from([*sorted(PASSED_ON), b"x-request-id", b"traceparent", b"x-forwarded-for", b"a"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=80)), max_size=12))
def test_any_headers_are_read_or_refused(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        inbound = read(scope(*headers))
    except Refused as refused:
        inbound = refused.inbound
    given_ids = [value for name, value in headers if name == b"x-request-id"]
    assert inbound.request_id.encode() in given_ids or UUID(inbound.request_id)
    assert inbound.trace is None or inbound.trace.startswith("00-")
