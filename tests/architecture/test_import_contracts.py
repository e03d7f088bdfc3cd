"""The import contracts of pyproject.toml hold, and each catches a planted violation."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(root: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Run one contract over the packages under `root`."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [LINT, "--config", str(ROOT / "pyproject.toml"), "--contract", contract, "--no-cache"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def plant(root: Path, files: dict[str, str]) -> None:
    """A skeleton of the house: every module that a contract names, empty, then `files`."""
    named = ["gateway", "ingest_service", "analysis_service", "loop_service", "local_stack"]
    named += [f"shared.{layer}" for layer in ("web", "messaging", "database", "telemetry", "contracts", "foundation")]
    for contract in CONTRACTS:
        named += contract.get("source_modules", [])
    for module in named:
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            package = root.joinpath(*parts[:depth])
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").touch()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)


@pytest.mark.parametrize("contract", [one["id"] for one in CONTRACTS])
def test_the_contract_is_kept(contract: str) -> None:
    done = lint(ROOT, contract)
    assert done.returncode == 0, done.stdout + done.stderr


PLANTED = [
    ("services", {"gateway/a.py": "import loop_service\n"}),
    ("services", {"shared/web/a.py": "import gateway\n"}),
    ("services", {"local_stack/a.py": "import ingest_service\n"}),
    ("shared-layers", {"shared/database/a.py": "import shared.messaging\n"}),
    ("shared-layers", {"shared/utils/a.py": ""}),
    ("contracts-without-io", {"shared/contracts/a.py": "import asyncpg\n"}),
    ("pure", {"analysis_service/text/a.py": "import sqlalchemy\n"}),
    ("pure", {"loop_service/cases/lifecycle/a.py": "import fastapi\n"}),
    (
        "acyclic-slices",
        {
            "gateway/accounts/a.py": "import gateway.edge.b\n",
            "gateway/edge/b.py": "import gateway.accounts.c\n",
            "gateway/accounts/c.py": "",
        },
    ),
]


@pytest.mark.parametrize(("contract", "files"), PLANTED)
def test_a_planted_violation_is_caught(tmp_path: Path, contract: str, files: dict[str, str]) -> None:
    plant(tmp_path, {})
    assert lint(tmp_path, contract).returncode == 0
    plant(tmp_path, files)
    done = lint(tmp_path, contract)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout or "not listed" in done.stdout.lower() or "missing" in done.stdout.lower(), (
        done.stdout
    )
