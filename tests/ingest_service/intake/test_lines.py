"""Batches cut into records."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.intake.lines import BadLine, read_batch
from ingest_service.intake.schemas import BATCH_BYTES, BATCH_RECORDS
from shared.contracts.problems import Code, Problem


def refusal(body: bytes, kind: str = "application/json") -> Code:
    with pytest.raises(Problem) as refused:
        read_batch(body, kind)
    return refused.value.code


def test_an_array() -> None:
    assert read_batch(b' [{"a":1}, 2]', "application/json; charset=utf-8") == [(0, {"a": 1}), (1, 2)]


@pytest.mark.parametrize(
    "kind", ["application/x-ndjson", "application/jsonl", "Application/NDJSON", "application/json"]
)
def test_lines_keep_the_numbers_an_editor_shows(kind: str) -> None:
    assert read_batch(b'{"a":1}\r\n\n{"a":2}\n', kind) == [(0, {"a": 1}), (2, {"a": 2})]


def test_a_bad_line_is_a_fault_of_its_own() -> None:
    (_, good), (_, bad) = read_batch(b'{"a":1}\n{"a":NaN}', "application/x-ndjson")
    assert good == {"a": 1}
    assert isinstance(bad, BadLine)
    assert bad.fault.code == "not_json"


def test_what_is_no_batch() -> None:
    assert refusal(b"") is Code.BODY_INVALID
    assert refusal(b"[]") is Code.BODY_INVALID
    assert refusal(b"\n\n", "application/x-ndjson") is Code.BODY_INVALID
    assert refusal(b'[{"a":1}') is Code.BODY_NOT_JSON
    assert refusal(b"[1]", "text/csv") is Code.CONTENT_TYPE_UNSUPPORTED
    assert refusal(b"[1]", "") is Code.CONTENT_TYPE_UNSUPPORTED


def test_too_much_is_refused_before_it_is_read() -> None:
    assert refusal(b"[" + b"1," * BATCH_RECORDS + b"1]") is Code.BODY_TOO_LARGE
    assert refusal(b"1\n" * (BATCH_RECORDS + 1), "application/x-ndjson") is Code.BODY_TOO_LARGE
    assert refusal(b" " * (BATCH_BYTES + 1)) is Code.BODY_TOO_LARGE


_records = st.lists(st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.text(max_size=5)), min_size=1)


@given(_records)
def test_an_array_and_its_lines_hold_the_same_records(records: list[dict[str, object]]) -> None:
    as_lines = b"\n".join(orjson.dumps(one) for one in records)
    expected = list(enumerate(records))
    assert read_batch(orjson.dumps(records), "application/json") == expected
    assert read_batch(as_lines, "application/x-ndjson") == expected


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-ndjson"]))
def test_any_bytes_are_records_or_a_problem(body: bytes, kind: str) -> None:
    with suppress(Problem):
        assert read_batch(body, kind)
