"""docker-compose.yml holds exactly the processes of the list, hardened, and is valid by the compose schema."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import jsonschema
import pytest
import yaml

from local_stack.binaries import find_postgres
from local_stack.infrastructure import EmbeddedPostgres
from local_stack.places import ROOT
from local_stack.processes import PROCESSES, SERVICES, Process
from local_stack.settings_reference import COMPOSE, fields_of

# What stands beside the processes in the compose file.
OTHERS = {"migrate", "postgres", "valkey"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def test_it_is_valid_by_the_compose_schema(compose: dict[str, Any]) -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(compose)
    compose["services"]["gateway"]["heathcheck"] = {}  # the schema does catch a slip
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(compose)
    del compose["services"]["gateway"]["heathcheck"]


def test_it_has_the_same_processes(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {process.name for process in PROCESSES} | OTHERS


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_each_runs_the_same_command_and_is_hardened(compose: dict[str, Any], process: Process) -> None:
    service = compose["services"][process.name]
    assert service["command"] == ["python", *process.arguments]
    environment = service["environment"]
    port = environment[process.address_variable].rpartition(":")[2]
    assert service["healthcheck"]["test"][-2:] == [f"tcp://127.0.0.1:{port}", process.health_path]
    assert environment["INSTANCE_NAME"] == process.name
    for variable, other in process.upstreams:
        assert environment[variable] == f"tcp://{other}:8000"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == "10001:10001"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert ("ports" in service) == (process.name == "gateway")


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_each_gets_what_its_settings_demand_and_nothing_unknown(compose: dict[str, Any], process: Process) -> None:
    environment = compose["services"][process.name]["environment"]
    prefix = f"{process.service.upper()}_"
    known = {field["name"] for field in fields_of(process.service)}
    told = {name.removeprefix(prefix) for name in environment}
    assert {field["name"] for field in fields_of(process.service) if field["default"] is None} <= told
    assert told <= known


def test_the_queue_keeps_an_append_only_file_and_the_image_checks_its_health(compose: dict[str, Any]) -> None:
    command = compose["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "HEALTHCHECK" in dockerfile
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    for package in (*SERVICES.values(), "shared", "local_stack"):
        assert f"COPY {package} {package}" in dockerfile
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE):
        assert {f"!{word.split('/')[0]}" for word in source.split()} <= set(ignored)


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())) - {"CXLOOP_VERSION"}
    example = (ROOT / ".env.example").read_text()
    missing = {name for name in asked if not re.search(rf"^(# )?{name}=", example, re.MULTILINE)}
    assert missing == set()
    assert COMPOSE in example


def test_the_script_that_makes_the_logins_works_on_a_real_server(compose: dict[str, Any], tmp_path: Path) -> None:
    script = compose["configs"]["roles"]["content"].replace("$$", "$")
    with EmbeddedPostgres(tmp_path / "postgres", fsync=False) as server:
        environment = {
            "PATH": f"{find_postgres().folder}:{os.environ['PATH']}",
            "PGHOST": str(server.sockets),
            **{f"{service.upper()}_DATABASE_PASSWORD": f"it's {service}" for service in SERVICES},
        }
        subprocess.run(["/bin/sh", "-c", script], env=environment, check=True, capture_output=True)

        async def roles() -> list[Any]:
            connection = await asyncpg.connect(server.url())
            try:
                return list(
                    await connection.fetch(
                        "SELECT rolname FROM pg_roles WHERE rolname ~ '^cxloop_' AND rolcanlogin AND NOT rolsuper"
                    )
                )
            finally:
                await connection.close()

        assert {row["rolname"] for row in asyncio.run(roles())} == {f"cxloop_{service}" for service in SERVICES}
