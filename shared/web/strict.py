"""FastAPI routes that parse bodies strictly and refuse query parameters they do not know."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.contracts.problems import Code, FieldProblem, Problem
from shared.web.bodies import parse_json

BODY_KINDS = ("application/json", "multipart/form-data", "application/merge-patch+json")


class StrictRequest(Request):
    """A request whose JSON goes through `parse_json`."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """Use as `APIRouter(route_class=StrictRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        known = _query_names(self)
        takes_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            _check_query(request, known)
            strict = StrictRequest(request.scope, request.receive)
            kind = strict.headers.get("content-type", "application/json").lower()
            if takes_body and _has_body(strict) and not kind.startswith(BODY_KINDS):
                raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send Content-Type: application/json.")
            return await inner(strict)

        return handler


def _check_query(request: Request, known: dict[str, bool]) -> None:
    """Refuse parameters that are unknown, told twice where one is meant, or hold what nothing stored can hold."""
    told = request.query_params
    if unknown := [name for name in told if name not in known]:
        raise Problem(
            Code.PARAMETER_UNKNOWN,
            f"Known here: {', '.join(sorted(known)) or 'no parameters'}.",
            [FieldProblem(f"?{name[:64]}", "parameter_unknown", "not known here") for name in unknown[:20]],
        )
    faults = [
        FieldProblem(f"?{name}", "parameter_repeated", "takes one value here")
        for name, many in known.items()
        if not many and len(told.getlist(name)) > 1
    ]
    faults += [
        FieldProblem(f"?{name}", "control_character", "the character U+0000")
        for name, value in told.multi_items()
        if "\x00" in value
    ]
    if faults:
        raise Problem(Code.PARAMETER_INVALID, "Mend the parameters listed in `errors`.", faults[:20])


def _has_body(request: Request) -> bool:
    """Whether something was sent: an empty body needs no content type (clients make one up for it)."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _query_names(route: APIRoute) -> dict[str, bool]:
    """Each query parameter of the route, and whether it may be repeated."""
    names: dict[str, bool] = {}
    rest: list[Dependant] = [route.dependant]
    while rest:
        dependant = rest.pop()
        rest.extend(dependant.dependencies)
        for param in dependant.query_params:
            kind = param.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                for name, field in kind.model_fields.items():
                    names[field.alias or name] = _takes_many(field.annotation)
            else:
                names[param.alias] = _takes_many(kind)
    return names


def _takes_many(kind: Any) -> bool:
    """Whether an annotation is, or may be, a list."""
    return get_origin(kind) in {list, tuple, set, frozenset} or any(_takes_many(part) for part in get_args(kind))
