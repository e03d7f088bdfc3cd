"""FastAPI routes that parse bodies strictly and refuse query parameters they do not know."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

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
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                raise Problem(
                    Code.PARAMETER_UNKNOWN,
                    f"Known here: {', '.join(sorted(known)) or 'no parameters'}.",
                    [FieldProblem(f"?{name[:64]}", "parameter_unknown", "not known here") for name in unknown[:20]],
                )
            # PostgreSQL cannot hold it: nothing that we keep has it, so nothing is found by it.
            if nul := [name for name, value in request.query_params.multi_items() if "\x00" in value]:
                faults = [FieldProblem(f"?{name}", "control_character", "the character U+0000") for name in nul[:20]]
                raise Problem(Code.PARAMETER_INVALID, "Mend the parameters listed in `errors`.", faults)
            strict = StrictRequest(request.scope, request.receive)
            if (
                takes_body
                and _has_body(strict)
                and not strict.headers.get("content-type", "application/json")
                .lower()
                .startswith(("application/json", "multipart/form-data", "application/merge-patch+json"))
            ):
                raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send Content-Type: application/json.")
            return await inner(strict)

        return handler


def _has_body(request: Request) -> bool:
    """Whether something was sent: an empty body needs no content type (clients make one up for it)."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _query_names(route: APIRoute) -> set[str]:
    names: set[str] = set()
    rest: list[Dependant] = [route.dependant]
    while rest:
        dependant = rest.pop()
        rest.extend(dependant.dependencies)
        for param in dependant.query_params:
            kind = param.field_info.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names |= {field.alias or name for name, field in kind.model_fields.items()}
            else:
                names.add(param.alias)
    return names
