"""The raw routes of the intake in the OpenAPI document, written by hand because FastAPI does not see them (pure)."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from ingest_service.intake.schemas import BATCH_RECORDS, Accepted, BatchResult, Submission, SurveyResponse

_REF = "#/components/schemas/{model}"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same body again gets the same answer (kept for 48 hours), "
    "marked by Idempotency-Replayed: true; with another body it is refused.",
}
_EXAMPLE = {
    "channel": "email",
    "source": "after-delivery",
    "submission_id": "order-1001",
    "occurred_at": "2026-01-31T09:30:00Z",
    "customer": {"external_id": "c-1001"},
    "ratings": [{"metric": "nps", "value": 4}],
    "text": "The parcel came a week late and nobody answered my calls.",
    "language": "en",
    "unit": "north",
    "touchpoint": "delivery",
    "attributes": {"carrier": "bike"},
}


def document(openapi: dict[str, Any]) -> dict[str, Any]:
    """Add the raw routes and their schemas to `openapi` (changed in place and returned)."""
    models = (Submission, SurveyResponse, Accepted, BatchResult)
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    openapi.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
    openapi.setdefault("paths", {}).update(
        {
            "/v1/feedback": {
                "post": _operation(
                    "submitFeedback",
                    "Submit one piece of feedback; answered after it is stored durably.",
                    {"application/json": {"schema": _ref("Submission"), "example": _EXAMPLE}},
                    {"202": _answer("Stored, or known already", "Accepted")},
                )
            },
            "/v1/feedback/batch": {
                "post": _operation(
                    "submitFeedbackBatch",
                    f"Submit up to {BATCH_RECORDS} records (16 MiB): a JSON array, or NDJSON. Valid records are stored "
                    "beside invalid ones, in one transaction.",
                    {
                        "application/json": {
                            "schema": {
                                "type": "array", "items": _ref("Submission"), "minItems": 1, "maxItems": BATCH_RECORDS,
                            },
                            "example": [_EXAMPLE],
                        },
                        "application/x-ndjson": {"schema": {"type": "string"}},
                    },
                    {
                        "202": _answer("All records accepted", "BatchResult"),
                        "207": _answer("Some records rejected", "BatchResult"),
                    },
                )
            },
            "/v1/responses": {
                "post": _operation(
                    "submitResponse",
                    "Submit a survey response from a browser, as JSON or as text/plain (sendBeacon).",
                    {
                        "application/json": {"schema": _ref("SurveyResponse")},
                        "text/plain": {"schema": {"type": "string", "description": "The same JSON document."}},
                    },
                    {"202": _answer("Stored, or known already", "Accepted")},
                )
            },
        }
    )  # fmt: skip
    return openapi


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=model)}


def _answer(description: str, model: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(model)}}}


def _operation(operation_id: str, summary: str, content: dict[str, Any], responses: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["feedback"],
        "parameters": [_KEY],
        "requestBody": {"required": True, "content": content},
        "responses": responses,
    }
