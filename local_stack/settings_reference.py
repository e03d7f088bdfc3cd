"""Writes `.env.example` from the services' own settings classes, so that no variable is missing or made up.

Each service is asked in a process of its own: this package imports no service.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from local_stack.places import ROOT
from local_stack.processes import SERVICES

PATH = ROOT / ".env.example"
WIDTH = 110

ASK = """
import json, sys
from pydantic import SecretStr
from {package}.settings import {name}Settings as own
from shared.foundation.settings import ServiceSettings as common
fields = []
for name, field in own.model_fields.items():
    default = field.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = ""
    fields.append({{
        "name": name.upper(),
        "words": field.description or "",
        "default": None if field.is_required() else default,
        "common": name in common.model_fields and field.default == common.model_fields[name].default,
    }})
json.dump(fields, sys.stdout)
"""

HEAD = """\
# Every setting of cxloop, written by `make env-example`; a test keeps it equal to the services' settings.
#
# Nothing here is needed for `make demo` or `make up`. For a server of your own: copy it to `.env`, fill in what
# has no default, and start `docker compose up`, or export the variables before `cxloop up`.
# A variable may be set for one service by its prefix (GATEWAY_, INGEST_, ANALYSIS_, LOOP_): INGEST_DB_POOL_SIZE=20.
"""


def fields_of(service: str) -> list[dict[str, Any]]:
    """The settings of one service: name, words, default (None: must be set), whether all services share it."""
    code = ASK.format(package=SERVICES[service], name=service.capitalize())
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    fields: list[dict[str, Any]] = json.loads(done.stdout)
    return fields


def _line(variable: str, field: dict[str, Any]) -> str:
    default = field["default"]
    words = f"# {field['words']}\n" if field["words"] else ""
    if default is None:
        return f"{words}{variable}=\n"
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    return f"{words}# {variable}={shown}\n"


def env_example() -> str:
    """The whole text of `.env.example`."""
    common: dict[str, dict[str, Any]] = {}
    own: dict[str, list[dict[str, Any]]] = {}
    for service in SERVICES:
        for field in fields_of(service):
            if field["common"]:
                common.setdefault(field["name"], field)
            else:
                own.setdefault(service, []).append(field)
    parts = [HEAD, "\n# ---- every service\n", *(_line(name, field) for name, field in common.items())]
    for service, fields in own.items():
        parts.append(f"\n# ---- {service}\n")
        parts += [_line(f"{service.upper()}_{field['name']}", field) for field in fields]
    return "".join(parts)
