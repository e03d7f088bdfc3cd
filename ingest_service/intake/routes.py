"""The doors of the intake: POST /v1/feedback, /v1/feedback/batch and /v1/responses, on raw ASGI.

A FastAPI route costs four times a raw one, which matters here and nowhere else. `documentation` describes these
routes in the OpenAPI document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson

from ingest_service.intake.idempotency import fingerprint, read_key
from ingest_service.intake.lines import BadLine, read_batch
from ingest_service.intake.preparation import Origin, Prepared, Refused, prepare, prepare_response
from ingest_service.intake.requests import Intake, Reply, Request, count_rejected
from ingest_service.intake.submit import Stored
from ingest_service.surveys.published import DEFAULT_ID, PublishedSurveys
from ingest_service.surveys.schemas import SurveyContent
from shared.contracts.identity import Identity
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.foundation.clock import now
from shared.web.bodies import parse_json
from shared.web.errors import MEDIA_TYPE
from shared.web.raw import RawHandler, header, respond

YIELD_EVERY: Final = 100
"""Records of a batch prepared at a stretch (some milliseconds) before other requests get their turn."""

MEND = "Mend the fields listed in `errors`; nothing was stored."
_REPLAYED: Final = {"idempotency-replayed": "true"}
_FRESH: Final[dict[str, str]] = {}


async def post_feedback(scope: Any, _receive: Any, send: Any, identity: Identity, body: bytes) -> None:
    """One record; 202 after commit."""
    _demand(identity, "feedback:write")
    kind = header(scope, b"content-type")
    if kind is None or not kind.lower().startswith(b"application/json"):
        raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send JSON with Content-Type: application/json.")
    submission = _prepared(parse_json(body), _origin(scope, identity))
    await _store_one(scope, send, identity, body, submission)


async def post_response(scope: Any, _receive: Any, send: Any, identity: Identity, body: bytes) -> None:
    """One survey response from a browser; JSON whatever the content type says, since sendBeacon sends text/plain."""
    _demand(identity, "responses:write")
    told = parse_json(body)
    survey_id = told.get("survey_id") if isinstance(told, dict) else None
    survey: SurveyContent | None = None
    if isinstance(survey_id, str) and survey_id != DEFAULT_ID:
        surveys: PublishedSurveys = scope["cxloop.app"].resources["surveys"]
        found = await surveys.get(identity.org_id, survey_id)
        if found is None:
            raise Problem(
                Code.BODY_INVALID,
                MEND,
                [FieldProblem("/survey_id", "survey_unknown", "no published survey has this id")],
            )
        survey = found[0]
    try:
        submission = prepare_response(
            told,
            _origin(scope, identity),
            unit=survey.unit if survey else None,
            touchpoint=survey.touchpoint if survey else None,
        )
    except Refused as refused:
        count_rejected(1)
        raise Problem(Code.BODY_INVALID, MEND, refused.errors) from None
    await _store_one(scope, send, identity, body, submission)


async def post_batch(scope: Any, _receive: Any, send: Any, identity: Identity, body: bytes) -> None:
    """Up to 10,000 records in one transaction; valid ones are stored beside invalid ones."""
    _demand(identity, "feedback:write")
    key = read_key(header(scope, b"idempotency-key"))
    records = read_batch(body, (header(scope, b"content-type") or b"").decode("latin-1"))
    origin = _origin(scope, identity)
    results: list[dict[str, Any]] = []
    submissions: list[Prepared] = []
    places: list[int] = []
    for place, (index, record) in enumerate(records):
        if place % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)
        result: dict[str, Any] = {"index": index, "status": "rejected"}
        results.append(result)
        try:
            if isinstance(record, BadLine):
                raise Refused([record.fault])
            submissions.append(prepare(record, origin))
            places.append(place)
        except Refused as refused:
            result["errors"] = [error.as_dict() for error in refused.errors]
    rejected = len(records) - len(submissions)
    if rejected:
        count_rejected(rejected)
    if not submissions:
        await _nothing_valid(scope, send, results)
        return

    def render(stored: Sequence[Stored]) -> Reply:
        for place, one in zip(places, stored, strict=True):
            results[place] = {
                "index": records[place][0],
                "status": one.status,
                "id": str(one.id),
                "revision": one.revision,
            }
        document = {"accepted": len(stored), "rejected": rejected, "results": results}
        return Reply(207 if rejected else 202, orjson.dumps(document))

    request = Request(
        identity.org_id, submissions, render, key, fingerprint(scope["path"], body) if key is not None else b""
    )
    await _submit(scope, send, request)


RAW_ROUTES: Final[dict[tuple[str, str], RawHandler]] = {
    ("POST", "/v1/feedback"): post_feedback,
    ("POST", "/v1/feedback/batch"): post_batch,
    ("POST", "/v1/responses"): post_response,
}


def _demand(identity: Identity, scope: str) -> None:
    if not identity.may(scope):
        raise Problem(Code.SCOPE_MISSING, f"This needs the scope {scope}.")


def _origin(scope: Any, identity: Identity) -> Origin:
    return Origin(identity.org_id, now(), scope["cxloop.traceparent"], identity.kind != "publishable_key")


def _prepared(value: Any, origin: Origin) -> Prepared:
    try:
        return prepare(value, origin)
    except Refused as refused:
        count_rejected(1)
        raise Problem(Code.BODY_INVALID, MEND, refused.errors) from None


async def _store_one(scope: Any, send: Any, identity: Identity, body: bytes, submission: Prepared) -> None:
    key = read_key(header(scope, b"idempotency-key"))
    mark = fingerprint(scope["path"], body) if key is not None else b""
    await _submit(scope, send, Request(identity.org_id, (submission,), _render_one, key, mark))


def _render_one(stored: Sequence[Stored]) -> Reply:
    one = stored[0]
    where = f"/v1/feedback/{one.id}"
    document = {
        "id": str(one.id),
        "status": one.status,
        "revision": one.revision,
        "links": {"self": where, "trace": f"{where}/trace"},
    }
    return Reply(202, orjson.dumps(document))


async def _submit(scope: Any, send: Any, request: Request) -> None:
    intake: Intake = scope["cxloop.app"].resources["intake"]
    reply = await intake.submit(request)
    await respond(send, reply.status, reply.body, _REPLAYED if reply.replayed else _FRESH)


async def _nothing_valid(scope: Any, send: Any, results: list[dict[str, Any]]) -> None:
    problem = Problem(Code.BODY_INVALID, "No record of the batch is valid; `results` has the faults of each.")
    document = problem.body(scope["cxloop.request_id"])
    document |= {"accepted": 0, "rejected": len(results), "results": results}
    await respond(send, problem.status, orjson.dumps(document), kind=MEDIA_TYPE)
