"""The raw route of the annotations in the OpenAPI document, written by hand because FastAPI does not see it (pure)."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from analysis_service.annotations.schemas import AnnotateIn, AnnotateOut

_REF = "#/components/schemas/{model}"
_EXAMPLE = {
    "texts": [
        {"id": "a", "text": "The staff were friendly, but I waited an hour."},
        {"id": "b", "text": "Der Fahrer war pünktlich.", "language": "de"},
    ]
}


def document(openapi: dict[str, Any]) -> dict[str, Any]:
    """Add the raw route and its schemas to `openapi` (changed in place and returned)."""
    models = (AnnotateIn, AnnotateOut)
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    openapi.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
    openapi.setdefault("paths", {})["/v1/text/annotate"] = {
        "post": {
            "operationId": "annotateTexts",
            "summary": "Annotate up to 1,000 texts; one result per text in the order asked, nothing is stored.",
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _ref("AnnotateIn"), "example": _EXAMPLE}},
            },
            "responses": {
                "200": {
                    "description": "One result per text",
                    "content": {"application/json": {"schema": _ref("AnnotateOut")}},
                }
            },
        }
    }
    return openapi


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=model)}
