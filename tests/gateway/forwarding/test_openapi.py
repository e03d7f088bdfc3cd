"""The merged public document: valid OpenAPI 3.1, equal to the table, nothing of FastAPI's own errors left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_spec_validator import validate

from gateway.forwarding.openapi import NotDocumented, merge, webhook_items
from gateway.forwarding.table import ROUTES, Route
from tests.support.openapi import COMMAND, PATH

PROBE = Route(
    "POST", "/v1/things/{id}/probe", "loop", frozenset({"secret_key"}), "rules:write", "thing_probe", "Probe a thing"
)
READ = Route("GET", "/v1/things", "ingest", frozenset({"publishable_key"}), "responses:write", "thing_list", "List")


def _document(path: str, method: str, schema: dict[str, Any], *, parameter: str | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": "internal_name",
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
            },
            "422": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}},
        },
    }
    if parameter:
        operation["parameters"] = [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}]
    return {
        "openapi": "3.1.0",
        "paths": {path: {method: operation}},
        "components": {"schemas": {"Thing": schema, "HTTPValidationError": {"type": "object"}, "Unused": {}}},
    }


def _merged() -> dict[str, Any]:
    documents = {
        "loop": _document("/v1/things/{thing_id}/probe", "post", {"type": "object"}, parameter="thing_id"),
        "ingest": _document("/v1/things", "get", {"type": "string"}),
    }
    documents["loop"]["webhooks"] = webhook_items({"case.opened": {"case_id": "x"}})
    return merge(documents, [PROBE, READ], {})


def test_merged_document_is_valid() -> None:
    validate(_merged())


def test_table_decides_names_and_security() -> None:
    operation = _merged()["paths"]["/v1/things/{id}/probe"]["post"]
    assert (operation["operationId"], operation["summary"], operation["tags"]) == (
        "thing_probe",
        "Probe a thing",
        ["things"],
    )
    assert operation["security"] == [{"secretKey": ["rules:write"]}]
    assert operation["parameters"][0]["name"] == "id"
    assert operation["responses"]["422"] == {"$ref": "#/components/responses/Problem422"}
    assert "404" in operation["responses"]


def test_schemas_of_one_name_do_not_mix_and_unused_ones_go() -> None:
    schemas = _merged()["components"]["schemas"]
    assert schemas["Thing"] == {"type": "object"}
    assert schemas["IngestThing"] == {"type": "string"}
    assert set(schemas) == {"Thing", "IngestThing", "Problem"}


def test_webhooks_are_described() -> None:
    item = _merged()["webhooks"]["case.opened"]["post"]
    assert [parameter["name"] for parameter in item["parameters"]] == [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]


def test_a_route_that_its_service_does_not_describe_is_an_error() -> None:
    with pytest.raises(NotDocumented, match="loop: POST /v1/things/"):
        merge({"loop": {"paths": {}}}, [PROBE], {})


def test_committed_document_is_valid_and_equal_to_the_table() -> None:
    document = orjson.loads(PATH.read_bytes())
    validate(document)
    security = {
        operation["operationId"]: operation["security"]
        for item in document["paths"].values()
        for operation in item.values()
    }
    assert set(security) == {route.operation_id for route in ROUTES}
    for route in ROUTES:
        scopes = {scope for one in security[route.operation_id] for scopes in one.values() for scope in scopes}
        assert scopes == ({route.scope} if route.scope else set())
        assert len(security[route.operation_id]) == len(route.credentials)


def test_committed_document_is_what_the_services_say() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tests.support.openapi", "--check"],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, f"run `{COMMAND}`: {checked.stdout}{checked.stderr[-500:]}"
