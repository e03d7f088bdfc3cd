"""Which status an error gets: every failure of a request becomes an RFC 9457 document.

Problem                      → as it says
RequestValidationError       → 422 body_invalid / parameter_invalid, a pointer per fault, never the value sent
HTTPException (Starlette)    → 404 not_found, 405 method_not_allowed, …
database away, busy, full    → 503 / 507 with Retry-After
anything else                → 500 internal; the log has the type and the place, the answer has the request id
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database.failures import as_problem
from shared.telemetry.logs import log, place_of

MEDIA_TYPE = "application/problem+json"

_BY_STATUS = {
    400: Code.REQUEST_MALFORMED,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    415: Code.CONTENT_TYPE_UNSUPPORTED,
}


def pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer for a place in the body; `?name` for a query parameter, `{name}` for one of the path."""
    if not location:
        return ""
    kind, *rest = location
    if kind == "query":
        return "?" + ".".join(str(part) for part in rest)
    if kind == "path":
        return "{" + ".".join(str(part) for part in rest) + "}"
    if kind != "body":
        rest = list(location)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)


def field_problems(errors: Sequence[Any]) -> list[FieldProblem]:
    """Pydantic's errors as ours; the value that was sent is left out."""
    return [
        FieldProblem(pointer(error["loc"]), str(error["type"]), _words(str(error["msg"]))) for error in errors[:100]
    ]


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")


def validation_problem(errors: Sequence[Any]) -> Problem:
    """The problem for input that does not fit its model."""
    found = field_problems(errors)
    if any(str(error["type"]) == "json_invalid" for error in errors):
        return Problem(Code.BODY_NOT_JSON, "The body is not valid JSON.", found)
    if found and all(one.pointer.startswith(("?", "{")) for one in found):
        return Problem(Code.PARAMETER_INVALID, "Mend the parameters listed in `errors`.", found)
    return Problem(Code.BODY_INVALID, "Mend the fields listed in `errors`; nothing was stored.", found)


def problem_of(error: Exception) -> Problem:
    """The problem that answers any exception."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return validation_problem(error.errors())
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, Code.REQUEST_MALFORMED)
        return Problem(code, str(error.detail), headers=dict(error.headers or {}))
    database = as_problem(error)
    if database is not None:
        return database
    return Problem(Code.INTERNAL, "This is a fault of ours. Tell us the request id; trying again may help.")


def rendered(error: Exception, request_id: str) -> tuple[int, bytes, dict[str, str]]:
    """(status, body, headers) for `error`; logs what is a fault of ours, without personal text."""
    problem = problem_of(error)
    if problem.code is Code.INTERNAL:
        log.error("request.failed", error=place_of(error), request_id=request_id)
    headers = {"content-type": MEDIA_TYPE, "x-request-id": request_id, **problem.headers}
    return problem.status, orjson.dumps(problem.body(request_id)), headers


async def on_error(request: Request, error: Exception) -> Response:
    """FastAPI's handler for every exception."""
    status, body, headers = rendered(error, str(request.scope.get("cxloop.request_id", "")))
    return Response(body, status, headers)
