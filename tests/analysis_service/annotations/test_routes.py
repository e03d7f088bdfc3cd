"""POST /v1/text/annotate: order kept, ids echoed, spans true, faults pointed at."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
import pytest

from analysis_service.annotations.schemas import LARGEST_BODY, LONGEST_TEXT, MOST_TEXTS, AnnotateOut
from tests.support.api import Answer
from tests.support.services import RunningService


async def _annotate(analysis: RunningService, org_id: UUID, body: Any) -> Answer:
    return await analysis.as_org(org_id).post("/v1/text/annotate", body)


async def test_each_text_gets_its_result_in_the_order_asked(analysis: RunningService, organisation: UUID) -> None:
    texts: list[dict[str, Any]] = [
        {"id": "a", "text": "The staff was friendly and quick, I loved it."},
        {"id": 7, "text": "Terrible. It was broken and nobody answered my calls.", "language": "en"},
        {"text": ""},
        {"id": "z", "text": "…"},
    ]
    found = await _annotate(analysis, organisation, {"texts": texts})
    assert found.status == 200, found.body
    results = found.json()["results"]
    AnnotateOut.model_validate(found.json())
    assert [one["id"] for one in results] == ["a", 7, None, "z"]
    assert results[0]["sentiment"]["label"] == "positive"
    assert results[1]["sentiment"]["label"] == "negative"
    assert results[0]["sentiment"]["score"] > 0 > results[1]["sentiment"]["score"]
    assert sum(results[0]["sentiment"]["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert set(results[0]) == {"id", "language", "sentiment", "terms", "model"}
    assert (results[2]["sentiment"], results[2]["reason"]) == (None, "no_text")
    for text, result in zip(texts, results, strict=True):
        for term in result["terms"]:
            assert text["text"][term["start"] : term["end"]] == term["text"]


async def test_a_thousand_texts_at_once(analysis: RunningService, organisation: UUID) -> None:
    texts = [{"id": index, "text": f"Parcel {index} was late and the box was wet."} for index in range(MOST_TEXTS)]
    found = await _annotate(analysis, organisation, {"texts": texts})
    assert [one["id"] for one in found.json()["results"]] == list(range(MOST_TEXTS))
    assert (await _annotate(analysis, organisation, {"texts": []})).json() == {"results": []}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], "/texts"),
        ({}, "/texts"),
        ({"texts": "one"}, "/texts"),
        ({"texts": [{"text": "x"}] * (MOST_TEXTS + 1)}, "/texts"),
        ({"texts": [], "model": "best"}, "/model"),
        ({"texts": [{"text": "fine"}, "bare"]}, "/texts/1"),
        ({"texts": [{"id": "a"}]}, "/texts/0/text"),
        ({"texts": [{"text": 5}]}, "/texts/0/text"),
        ({"texts": [{"text": "x" * (LONGEST_TEXT + 1)}]}, "/texts/0/text"),
        ({"texts": [{"text": "x", "id": True}]}, "/texts/0/id"),
        ({"texts": [{"text": "x", "id": "i" * 256}]}, "/texts/0/id"),
        ({"texts": [{"text": "x", "language": 1}]}, "/texts/0/language"),
        ({"texts": [{"text": "x", "lang": "en"}]}, "/texts/0"),
    ],
)
async def test_faults_are_pointed_at(analysis: RunningService, organisation: UUID, body: Any, pointer: str) -> None:
    found = await _annotate(analysis, organisation, body)
    assert (found.status, found.code) == (422, "body_invalid")
    assert found.json()["errors"][0]["pointer"] == pointer


async def test_what_is_no_json_is_refused(analysis: RunningService, organisation: UUID) -> None:
    api = analysis.as_org(organisation)

    async def post(data: bytes | BytesIO, kind: str = "application/json") -> str | None:
        return (await api.request("POST", "/v1/text/annotate", data=data, headers={"content-type": kind})).code

    assert await post(b"") == "body_not_json"
    assert await post(b'{"texts": [NaN]}') == "body_not_json"
    assert await post(b'{"texts": [{"text": "\\ud800"}]}') == "body_not_json"
    assert await post(b'{"texts": [{"text": "a\\u0000b"}]}') == "body_invalid"
    assert await post(b"<texts/>", "application/xml") == "content_type_unsupported"
    assert await post(BytesIO(b" " * LARGEST_BODY + b"{}")) == "body_too_large"


async def test_without_the_scope_nothing_is_read(analysis: RunningService, organisation: UUID) -> None:
    api = analysis.as_org(organisation, "feedback:read")
    found = await api.request("POST", "/v1/text/annotate", data=orjson.dumps({"texts": []}))
    assert found.code == "scope_missing"
