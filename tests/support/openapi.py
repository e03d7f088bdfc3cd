"""`python -m tests.support.openapi [--check]`: write, or compare, the public OpenAPI document.

It stands with the tests because it is the one program that imports every service: the gateway serves the committed
file and knows none of them.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import orjson

from gateway.accounts.roles import SCOPES
from gateway.forwarding.openapi import merge, webhook_items
from gateway.forwarding.table import ROUTES
from tests.support.services import PACKAGES, SECRETS

PATH = Path(__file__).resolve().parents[2] / "gateway" / "forwarding" / "openapi.json"
COMMAND = "make openapi"


def service_document(name: str) -> dict[str, Any]:
    """The OpenAPI document of one service, without starting it."""
    package = PACKAGES.get(name, name)
    settings = getattr(importlib.import_module(f"{package}.settings"), f"{name.capitalize()}Settings")
    app = importlib.import_module(f"{package}.app").create_app(
        settings(database_url="postgresql://nowhere/nothing", redis_url="redis://nowhere", **SECRETS)
    )
    document: dict[str, Any] = app.api.openapi()
    return document


def public_document() -> bytes:
    """The merged document, as it is committed."""
    documents = {name: service_document(name) for name in ("gateway", "ingest", "analysis", "loop")}
    examples = importlib.import_module("loop_service.webhooks.payloads").EXAMPLES
    documents["loop"].setdefault("webhooks", webhook_items(examples))
    return orjson.dumps(merge(documents, ROUTES, SCOPES), option=orjson.OPT_INDENT_2) + b"\n"


def main(arguments: list[str]) -> int:
    """Write the document, or with `--check` say whether the committed one is the same."""
    document = public_document()
    if "--check" in arguments:
        same = PATH.exists() and PATH.read_bytes() == document
        print("the public document is up to date" if same else f"the public document differs: run `{COMMAND}`")
        return 0 if same else 1
    PATH.write_bytes(document)
    print(f"wrote {PATH.relative_to(Path.cwd()) if PATH.is_relative_to(Path.cwd()) else PATH}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
