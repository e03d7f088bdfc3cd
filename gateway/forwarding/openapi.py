"""The one public OpenAPI 3.1 document, merged from the services' documents by the table of public routes (pure).

The table decides what is public, what it is called and who may call it; a service's document says what goes in and
comes out. `make openapi` writes the result to openapi.json beside this file, which is what the gateway serves; a
test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from gateway.forwarding.table import Credential, Route
from shared.contracts.problems import STATUS, Code

Document = dict[str, Any]

TITLE = "cxloop"
VERSION = "1"
DESCRIPTION = (
    "Send feedback, see what it means, act on it, close the loop. Every time is ISO 8601 in UTC, every id a UUID, "
    "every list `{data, next_cursor}`, every error problem+json with a `code` that never changes."
)

SECURITY_SCHEMES: dict[str, Document] = {
    "secretKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A secret API key: `Authorization: Bearer cxl_sk_…`. Also taken as `X-API-Key`.",
    },
    "publishableKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A publishable key, `cxl_pk_…`, which may stand in web pages of its `allowed_origins`. "
        "Also taken as `?key=` and, in a beacon, as the body's field `publishable_key`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "cxl_session",
        "description": "The cookie of a signed-in browser (`__Host-cxl_session` over https); for our own pages.",
    },
}
_SCHEME_OF: dict[Credential, str] = {
    "secret_key": "secretKey",
    "publishable_key": "publishableKey",
    "session": "session",
}

PROBLEM_SCHEMA: Document = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `detail` says how to mend the call and never repeats what was sent.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(code.value for code in Code)},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body, `?name` or `{name}`."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

# What the gateway answers without FastAPI, so no service's document has it.
LIVE_OPERATION: Document = {
    "description": "A stream of hints: `event: records` means that records changed, ask again. `state` tells whether "
    "hints come at all (`live` false: poll). Comments keep the line alive.",
    "responses": {
        "200": {
            "description": "The stream.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: records\ndata: {"topic":"records"}\n\n',
                }
            },
        }
    },
}

_PARAMETER = re.compile(r"\{([^}]+)\}")
_REFERENCE = "#/components/schemas/"


class NotDocumented(ValueError):
    """A route of the table is in no service's document."""


def merge(documents: Mapping[str, Document], table: Sequence[Route], scopes: Mapping[str, str]) -> Document:
    """The public document. Raises NotDocumented when a service does not describe a route of the table.

    `documents` are the OpenAPI 3.1 documents by service; `webhooks` sections in them are taken over. `scopes` is what
    each scope means, for people.
    """
    schemas: dict[str, Document] = {"Problem": PROBLEM_SCHEMA}
    renamed = {service: _take_schemas(service, document, schemas) for service, document in documents.items()}
    paths: dict[str, dict[str, Document]] = {}
    missing = []
    for route in table:
        found = _find(documents.get(route.service, {}), route)
        if found is None:
            missing.append(f"{route.service}: {route.method} {route.path}")
            continue
        operation = _refer(found, renamed.get(route.service, {}))
        paths.setdefault(route.path, {})[route.method.lower()] = _public(operation, route)
    if missing:
        raise NotDocumented("not described by their service: " + "; ".join(missing))
    webhooks: dict[str, Document] = {}
    for service, document in documents.items():
        webhooks |= _refer(document.get("webhooks", {}), renamed[service])
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in table)],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "responses": {_response_name(status): _problem_response(status) for status in _problem_statuses()},
            "schemas": schemas,
        },
        "x-scopes": dict(scopes),
    }
    _drop_unused(merged)
    return merged


def webhook_items(examples: Mapping[str, Any]) -> dict[str, Document]:
    """The `webhooks` section for payloads of the Standard Webhooks form: {type: example of `data`}."""
    headers = [
        ("webhook-id", "Names the message; the same for every attempt and replay, so drop what you have seen."),
        ("webhook-timestamp", "Seconds since 1970; refuse what is older than five minutes."),
        ("webhook-signature", "`v1,<base64>` of HMAC-SHA256 over `id.timestamp.body`; several while a secret rotates."),
    ]
    return {
        kind: {
            "post": {
                "operationId": f"webhook_{kind.replace('.', '_')}",
                "summary": f"`{kind}`",
                "description": "Answer 2xx within 15 seconds. Anything else is tried again over days.",
                "parameters": [
                    {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
                    for name, words in headers
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["type", "timestamp", "data"],
                                "properties": {
                                    "type": {"const": kind},
                                    "timestamp": {"type": "string", "format": "date-time"},
                                    "data": {"type": "object"},
                                },
                            },
                            "example": {"type": kind, "timestamp": "2026-01-01T10:00:00Z", "data": data},
                        }
                    },
                },
                "responses": {"204": {"description": "Taken."}},
            }
        }
        for kind, data in sorted(examples.items())
    }


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path)


def _find(document: Document, route: Route) -> Document | None:
    """The operation in the service's document, its path parameters named as in the table."""
    if route.operation_id == "live_listen":
        return deepcopy(LIVE_OPERATION)
    for path, item in document.get("paths", {}).items():
        if _shape(path) != _shape(route.path) or route.method.lower() not in item:
            continue
        operation: Document = deepcopy(item[route.method.lower()])
        public = dict(zip(_PARAMETER.findall(path), _PARAMETER.findall(route.path), strict=True))
        for parameter in operation.get("parameters", []):
            if parameter.get("in") == "path":
                parameter["name"] = public[parameter["name"]]
                parameter.get("schema", {}).pop("title", None)
        return operation
    return None


def _public(operation: Document, route: Route) -> Document:
    answers = {status: answer for status, answer in operation.get("responses", {}).items() if status < "400"}
    answers |= {
        str(status): {"$ref": f"#/components/responses/{_response_name(status)}"} for status in _problems_of(route)
    }
    for answer in answers.values():
        if "$ref" not in answer and not answer.get("description"):
            answer["description"] = "Done."
    public: Document = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": [route.tag],
        **{name: operation[name] for name in ("description", "parameters", "requestBody") if operation.get(name)},
        "responses": answers,
        "security": [
            {_SCHEME_OF[credential]: [route.scope] if route.scope else []} for credential in sorted(route.credentials)
        ],
    }
    return public


def _problems_of(route: Route) -> list[int]:
    found = {429, 500, 503}
    if route.credentials:
        found |= {401, 403}
    if route.policy == "sign_in":
        found |= {401}
    if "{" in route.path:
        found |= {404}
    if route.method in ("POST", "PUT", "PATCH"):
        found |= {400, 408, 409, 413, 415, 422}
    elif route.method == "GET":
        found |= {422}
    else:
        found |= {409}
    if route.service != "gateway":
        found |= {504}
    return sorted(found)


def _problem_statuses() -> list[int]:
    return sorted({status for status, _ in STATUS.values()})


def _response_name(status: int) -> str:
    return f"Problem{status}"


def _problem_response(status: int) -> Document:
    codes = [code.value for code, (own, _) in STATUS.items() if own == status]
    response: Document = {
        "description": "`" + "`, `".join(codes) + "`",
        "content": {"application/problem+json": {"schema": {"$ref": _REFERENCE + "Problem"}}},
    }
    if status in (429, 503, 504, 507):
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}}
        }
    return response


def _take_schemas(service: str, document: Document, schemas: dict[str, Document]) -> dict[str, str]:
    """Add a service's schemas; returns the new name of each. Two services may mean different things by one word."""
    own = {
        name: schema
        for name, schema in document.get("components", {}).get("schemas", {}).items()
        if name not in ("HTTPValidationError", "ValidationError")
    }
    names = {name: name if name not in schemas else f"{service.capitalize()}{name}" for name in own}
    for name, schema in own.items():
        schemas[names[name]] = _refer(deepcopy(schema), names)
    return names


def _refer(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with every reference to a schema under its new name."""
    if isinstance(value, dict):
        return {
            key: (
                _REFERENCE + names.get(one.removeprefix(_REFERENCE), one.removeprefix(_REFERENCE))
                if key == "$ref" and isinstance(one, str) and one.startswith(_REFERENCE)
                else _refer(one, names)
            )
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_refer(one, names) for one in value]
    return value


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref" and isinstance(one, str):
                yield one
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _drop_unused(document: Document) -> None:
    """Remove schemas and responses that nothing refers to any more (FastAPI's own error shapes, private routes')."""
    components = document["components"]
    wanted = list(_references(document["paths"])) + list(_references(document["webhooks"]))
    seen: set[str] = set()
    while wanted:
        reference = wanted.pop()
        if reference in seen:
            continue
        seen.add(reference)
        kind, _, name = reference.removeprefix("#/components/").partition("/")
        wanted.extend(_references(components[kind][name]))
    for kind in ("schemas", "responses"):
        components[kind] = {
            name: one for name, one in sorted(components[kind].items()) if f"#/components/{kind}/{name}" in seen
        }
