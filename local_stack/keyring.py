"""Secrets of a local stack: made once, kept in its folder (mode 600), overridden by the environment."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

SECRETS: dict[str, Callable[[], str]] = {
    "IDENTITY_SECRET": lambda: secrets.token_urlsafe(48),
    "KEY_PEPPER": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}
"""Variable → how a fresh value is made."""


def write_private(path: Path, content: object) -> None:
    """Write JSON that only we can read; never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(content, handle, indent=2)
    scratch.replace(path)


def keyring(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Every secret of SECRETS: from the environment, else from `path`, else fresh (and then kept there)."""
    kept: dict[str, str] = {}
    if path.exists():
        kept = json.loads(path.read_text())
        path.chmod(0o600)
    fresh = {name: make() for name, make in SECRETS.items() if name not in kept}
    if fresh:
        write_private(path, {**kept, **fresh})
    return {name: environment.get(name) or {**kept, **fresh}[name] for name in SECRETS}


def new_env_file(example: str) -> str:
    """A `.env` for `docker compose`: the example's text with fresh values for everything that is secret.

    `example` is the text of `.env.example`; a variable that must be set stands there as `NAME=` at the end of a line.
    """
    lines = []
    for line in example.splitlines():
        name, sign, value = line.partition("=")
        if sign and not value and name in SECRETS:
            lines.append(f"{name}={SECRETS[name]()}")
        elif sign and not value and name.endswith("_PASSWORD"):
            lines.append(f"{name}={secrets.token_urlsafe(24)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
