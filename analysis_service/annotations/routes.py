"""Annotating texts on request: a raw route, because FastAPI would cost more per text than understanding it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from analysis_service.annotations.schemas import LARGEST_BODY, read
from analysis_service.text import Annotation, annotate
from shared.contracts.identity import Identity
from shared.contracts.problems import Code, Problem
from shared.web.bodies import parse_json
from shared.web.raw import header, respond

SCOPE = "text:annotate"


async def annotate_texts(scope: Any, receive: Any, send: Any, identity: Identity, body: bytes) -> None:
    """`POST /v1/text/annotate`: one result per text, in the order asked; nothing is stored."""
    if not identity.may(SCOPE):
        raise Problem(Code.SCOPE_MISSING, f"This needs the scope {SCOPE}.")
    kind = header(scope, b"content-type") or b"application/json"
    if not kind.lower().startswith(b"application/json"):
        raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send Content-Type: application/json.")
    if len(body) > LARGEST_BODY:
        raise Problem(Code.BODY_TOO_LARGE, f"The body is larger than {LARGEST_BODY} bytes. Send it in parts.")
    if len(body) <= 4096:
        answer = _answer(body)
    else:
        answer = await asyncio.to_thread(_answer, body)
    await respond(send, 200, answer)


def _answer(body: bytes) -> bytes:
    ids, texts, languages = read(parse_json(body))
    found = annotate(texts, languages)
    return orjson.dumps({"results": [_result(*pair) for pair in zip(ids, found, strict=True)]})


def _result(id: Any, annotation: Annotation) -> dict[str, Any]:
    sentiment = annotation.sentiment
    result: dict[str, Any] = {"id": id, "language": annotation.language, "sentiment": sentiment}
    if sentiment is None:
        result["reason"] = annotation.reason
    result["terms"] = annotation.terms
    result["model"] = annotation.model
    return result


RAW_ROUTES = {("POST", "/v1/text/annotate"): annotate_texts}
