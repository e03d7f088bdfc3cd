"""Secrets are made once, kept to ourselves, and overridden by the environment."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.fernet import Fernet

from local_stack.keyring import SECRETS, keyring, new_env_file


def test_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "up" / "secrets.json"
    first = keyring(path, {})
    assert keyring(path, {}) == first
    assert set(first) == set(SECRETS)
    assert all(len(value) >= 32 for value in first.values())
    assert path.stat().st_mode & 0o077 == 0
    Fernet(first["ENCRYPTION_KEY"])


def test_the_environment_wins_and_is_not_written_down(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    told = keyring(path, {"KEY_PEPPER": "from outside"})
    assert told["KEY_PEPPER"] == "from outside"
    assert json.loads(path.read_text())["KEY_PEPPER"] != "from outside"


def test_a_new_secret_joins_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"KEY_PEPPER": "old"}))
    path.chmod(0o644)
    assert keyring(path, {})["KEY_PEPPER"] == "old"
    assert path.stat().st_mode & 0o077 == 0


def test_a_new_env_file_fills_only_secrets() -> None:
    text = new_env_file("# words = here\nIDENTITY_SECRET=\nDATABASE_URL=\nPOSTGRES_PASSWORD=\n# LOG_LEVEL=info\n")
    lines = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert len(lines["IDENTITY_SECRET"]) > 32
    assert len(lines["POSTGRES_PASSWORD"]) > 20
    assert lines["DATABASE_URL"] == ""
