"""`python -m benchmarks [NAME …]`: run the benchmarks, print their tables, keep them as JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import monotonic

from benchmarks import annotation, batch, consumption, intake, memory, metrics, pipeline
from benchmarks.results import Result, keep, machine, shown
from benchmarks.stage import Sizes, Stage, staged
from local_stack.binaries import InfrastructureError
from local_stack.places import shown as path_shown

NAMES = ("annotate", "metrics", "pipeline", "intake", "batch", "memory")
"""In this order: what leaves work behind comes late, memory sees what all of them did."""


async def measured(stage: Stage, names: Sequence[str]) -> list[Result]:
    """Run the named benchmarks on `stage`, printing each when it is done."""
    at_rest = memory.taken(stage)
    ways = {
        "annotate": annotation.measure,
        "metrics": metrics.measure,
        "pipeline": pipeline.measure,
        "intake": intake.measure,
        "batch": batch.measure,
    }
    results = []
    for name in NAMES:
        if name in names:
            begun = monotonic()
            found = await (ways[name](stage) if name in ways else memory.measure(stage, at_rest))
            results.append(found)
            print(shown(found), f"\n  ({monotonic() - begun:.0f} s)", flush=True)
    return results


async def run(names: Sequence[str], sizes: Sizes) -> None:
    """A stack of its own for this run; results below `.local/bench`."""
    begun, before = monotonic(), machine()
    print(f"{before['cores']} cores, load {before['load_1min']}; starting the processes …", flush=True)
    async with staged(sizes) as stage:
        results = await measured(stage, names)
    path = keep(results, before)
    print(f"\n{path_shown(path)} ({monotonic() - begun:.0f} s in all)")


def main() -> int:
    """Returns the exit code."""
    names = [name for argument in sys.argv[1:] for name in argument.replace(",", " ").split()] or list(NAMES)
    if unknown := sorted(set(names) - set(NAMES)):
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    if not consumption.available():
        print("the benchmarks read /proc and run on Linux only")
        return 2
    try:
        asyncio.run(run(names, Sizes()))
    except InfrastructureError as refused:
        print(f"bench: {refused}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
