"""What processes use: CPU seconds and resident memory, read from /proc (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def available() -> bool:
    """Whether this system tells."""
    return (PROC / "self/stat").exists()


def _stat(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system seconds of `pids`, their ended children included; processes that are gone count nothing."""
    total = 0
    for pid in pids:
        try:
            total += sum(int(ticks) for ticks in _stat(pid)[11:15])
        except OSError:
            continue
    return total / _TICK


def resident_mib(pid: int) -> tuple[float, float]:
    """(RSS, PSS) in MiB: all resident pages, and those pages shared fairly among who maps them."""
    found = {"Rss": 0, "Pss": 0}
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0])
    except OSError:
        return 0.0, 0.0
    return found["Rss"] / 1024, found["Pss"] / 1024


def family(pid: int) -> list[int]:
    """`pid` and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except OSError:
                continue
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found
