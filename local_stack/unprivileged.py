"""How PostgreSQL, which refuses to run as root, runs when we are root, without changing the system.

First choice: a user namespace in which root looks like an ordinary user (`unshare`); files stay root's own
and nothing is created. Where namespaces are refused (many containers): the process runs as an existing
ordinary user, with the programs and the data placed where that user can reach them.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.binaries import InfrastructureError, PostgresBinaries

# Existing accounts that own nothing of value; an account must exist, because initdb looks its name up.
ACCOUNTS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Guise:
    """In what shape server programs run: words put before the command, options for Popen, an account."""

    prefix: tuple[str, ...] = ()
    options: dict[str, object] = field(default_factory=dict)
    account: pwd.struct_passwd | None = None


def _accounts() -> list[pwd.struct_passwd]:
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    named = [known[name] for name in ACCOUNTS if name in known]
    return named + [entry for entry in known.values() if entry not in named]


@functools.lru_cache(maxsize=4)
def _namespace_prefix(account: pwd.struct_passwd) -> tuple[str, ...]:
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    prefix = (unshare, "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return prefix if tried.returncode == 0 else ()


def choose_guise(*, allow_namespace: bool = True) -> Guise:
    """How to run a program that refuses root. An ordinary user runs it as it is."""
    if os.geteuid() != 0:
        return Guise()
    accounts = _accounts()
    if not accounts:
        raise InfrastructureError(
            "PostgreSQL refuses to run as root and this system has no other account: run cxloop as an "
            "ordinary user, or set DATABASE_URL to a running server."
        )
    account = accounts[0]
    if allow_namespace and (prefix := _namespace_prefix(account)):
        return Guise(prefix=prefix)
    options: dict[str, object] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return Guise(options=options, account=account)


def _can_reach(account: pwd.struct_passwd, path: Path) -> bool:
    """Whether the account may read and enter `path` (tested as that account, so ACLs count too)."""
    try:
        tried = subprocess.run(
            ["/bin/sh", "-c", 'test -r "$1" && test -x "$1"', "sh", str(path)],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def within_reach(guise: Guise, binaries: PostgresBinaries, shelter: Path) -> PostgresBinaries:
    """The programs where the guise can run them; copied into `shelter` when the checkout is closed to it."""
    if guise.account is None or _can_reach(guise.account, binaries.postgres):
        return binaries
    copy = shelter / f"postgresql-{binaries.major}"
    if not (copy / "bin" / "postgres").exists():
        scratch = shelter / f"copying-{os.getpid()}"
        shutil.copytree(binaries.folder.parent, scratch, symlinks=True)
        scratch.rename(copy)
    return PostgresBinaries(folder=copy / "bin", major=binaries.major, origin=binaries.origin)


def data_home(guise: Guise, home: Path, shelter: Path) -> Path:
    """Where the data can live: `home` itself, or in `shelter` when the account cannot reach `home`."""
    if guise.account is None or _can_reach(guise.account, home.parent):
        return home
    return shelter / "data"


def open_shelter(home: Path, digest: str) -> Path:
    """A folder that survives restarts and that other accounts can enter: /var/tmp/cxloop-<digest>."""
    shelter = Path("/var/tmp") / f"cxloop-{digest}"  # noqa: S108 - root's own, mode 711, ownership verified below
    shelter.mkdir(mode=0o711, exist_ok=True)
    status = shelter.lstat()
    if status.st_uid != os.geteuid() or shelter.is_symlink():
        raise InfrastructureError(f"{shelter} belongs to somebody else; remove it and try again.")
    shelter.chmod(0o711)
    (shelter / "belongs-to").write_text(f"{home}\n")
    return shelter


def hand_over(guise: Guise, folder: Path) -> None:
    """Give a fresh folder (mode 700) to the account the server runs as."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if guise.account is not None:
        os.chown(folder, guise.account.pw_uid, guise.account.pw_gid)
