"""Resident memory of each process: at rest, and after whatever load this run has put on it."""

from __future__ import annotations

from benchmarks.consumption import family, resident_mib
from benchmarks.results import Figure, Result
from benchmarks.stage import Stage, said


def taken(stage: Stage) -> dict[str, tuple[float, float]]:
    """(RSS, PSS) of each process; those of PostgreSQL together, by PSS alone: its buffers are mapped by all of them."""
    found = {name: resident_mib(pid) for name, pid in stage.pids.items() if name not in ("postgres", "valkey")}
    found["postgresql (all)"] = (0.0, sum(resident_mib(pid)[1] for pid in family(stage.postgres)))
    return found


async def measure(stage: Stage, at_rest: dict[str, tuple[float, float]]) -> Result:
    """A load of its own when nothing else ran, then every process again."""
    tenant = await stage.tenant("Memory")
    async with stage.client(tenant) as client:
        await client.send_batches(said(stage.sizes.pipeline_records), lambda _count: None)
        await stage.settled(tenant)
    after = taken(stage)
    figures = []
    for name in sorted(after):
        rss, pss = after[name]
        before = at_rest.get(name, (0.0, 0.0))
        notes = {"at rest": round(before[0] or before[1], 1), "PSS": round(pss, 1)}
        figures.append(Figure(name, "MiB", [rss or pss], notes))
    ours = [name for name in after if not name.startswith("postgresql") and name != "receivers"]
    total = Figure(
        "all processes of cxloop",
        "MiB",
        [sum(after[name][0] for name in ours)],
        {
            "at rest": round(sum(at_rest[name][0] for name in ours if name in at_rest), 1),
            "PSS": round(sum(after[name][1] for name in ours), 1),
        },
    )
    return Result("memory", "resident memory after the load of this run (RSS)", [*figures, total])
