"""Writes `.env.example` from the services' own settings classes, so that no variable is missing or made up.

Each service is asked in a process of its own: this package imports no service.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections import Counter
from typing import Any

from local_stack.keyring import SECRETS
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
# Nothing here is needed for `make demo` or `make up`. For containers: `cxloop new-env` makes a `.env` of it with
# fresh secrets, then `docker compose up --build`. Without containers: export what you need before `cxloop up`.
# A variable may be set for one service by its prefix (GATEWAY_, INGEST_, ANALYSIS_, LOOP_): INGEST_DB_POOL_SIZE=20.
"""


COMPOSE = """
# ---- docker compose only: passwords of the database's owner and of each service's own login; letters, digits, - _
POSTGRES_PASSWORD=
GATEWAY_DATABASE_PASSWORD=
INGEST_DATABASE_PASSWORD=
ANALYSIS_DATABASE_PASSWORD=
LOOP_DATABASE_PASSWORD=
# Where the gateway's port is opened on the host.
# CXLOOP_BIND=127.0.0.1
# CXLOOP_PORT=8080
"""


def fields_of(service: str) -> list[dict[str, Any]]:
    """The settings of one service: name, words, default (None: must be set), whether all services share it."""
    code = ASK.format(package=SERVICES[service], name=service.capitalize())
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    fields: list[dict[str, Any]] = json.loads(done.stdout)
    return fields


def _line(variable: str, field: dict[str, Any]) -> str:
    default = field["default"]
    lines = textwrap.wrap(field["words"], WIDTH, initial_indent="# ", subsequent_indent="# ")
    words = "".join(f"{line}\n" for line in lines)
    if default is None or variable in SECRETS:
        return f"{words}{variable}=\n"
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    return f"{words}# {variable}={shown}\n"


def env_example() -> str:
    """The whole text of `.env.example`."""
    fields = {service: fields_of(service) for service in SERVICES}
    common = {field["name"]: field for all_of in fields.values() for field in all_of if field["common"]}
    parts = [HEAD, "\n# ---- every service\n", *(_line(name, field) for name, field in common.items())]
    own = {service: [field for field in all_of if not field["common"]] for service, all_of in fields.items()}
    alike = Counter((field["name"], field["default"]) for all_of in own.values() for field in all_of)
    # A secret, or a setting that several services understand in the same way, is set once, without a prefix.
    once = {name for (name, _default), services in alike.items() if services > 1 or name in SECRETS}
    parts.append("\n# ---- where a service needs it\n")
    several = {field["name"]: field for all_of in own.values() for field in all_of if field["name"] in once}
    parts += [_line(name, field) for name, field in sorted(several.items())]
    for service, all_of in own.items():
        lines = [_line(f"{service.upper()}_{field['name']}", field) for field in all_of if field["name"] not in once]
        parts += [f"\n# ---- {service}\n", *lines] if lines else []
    return "".join([*parts, COMPOSE])
