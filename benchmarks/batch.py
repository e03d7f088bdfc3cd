"""Batches of 100 records through the gateway, beside COPY of the same rows into a table of the same layout."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from uuid import UUID

import asyncpg
import orjson

from benchmarks.intake import note
from benchmarks.loader import Loader, Outcome
from benchmarks.results import Figure, Ratio, Result
from benchmarks.stage import WORKERS, Stage, numbered, said
from local_stack.places import ROOT

PATH = "/v1/feedback/batch"
RECORDS = 100
COPIED = 5_000
"""Rows of a COPY: one transaction each."""
COLUMNS = (
    "org_id", "id", "revision", "channel", "source", "submission_id", "occurred_at", "received_at", "customer_id",
    "ratings", "text", "title", "language", "unit", "touchpoint", "attributes", "survey_id",
)  # fmt: skip
LAYOUT = "CREATE TABLE IF NOT EXISTS public.copied (LIKE ingest.feedback INCLUDING ALL)"


async def measure(stage: Stage) -> Result:
    """Rounds of both ways, workers resting."""
    tenant = await stage.tenant("Batch")
    records = numbered(said(2_000))
    bodies = [orjson.dumps(records[at : at + RECORDS]).decode() for at in range(0, len(records), RECORDS)]
    loader = Loader()
    ours = Figure("100-record batches through the gateway", "records/s", [])
    copy = Figure(f"COPY, {COPIED:,} rows a transaction", "records/s", [])
    assert stage.stack.servers is not None
    how = {"seconds": stage.sizes.seconds, "connections": stage.sizes.batch_connections}
    with stage.resting(*WORKERS):
        await loader.run(stage.gateway, PATH, tenant.headers(), bodies, seconds=0.3, connections=2)
        await stage.owner.execute(LAYOUT)
        for _ in range(stage.sizes.rounds):
            used = stage.cpu("gateway", "ingest-api", "postgres")
            outcome = await loader.run(stage.gateway, PATH, tenant.headers(), bodies, **how)
            note(ours, outcome, used(), records=RECORDS)
            used = stage.cpu("postgres")
            copied = await _copying(stage.stack.servers.owner_url, tenant.org_id, stage.sizes.seconds)
            note(copy, copied, used(), records=COPIED)
        await stage.forget_pending(tenant)
    stored = await stage.owner.fetchval("SELECT count(*) FROM ingest.feedback WHERE org_id = $1", tenant.org_id)
    return Result(
        "batch",
        f"{RECORDS} records a request, {stage.sizes.batch_connections} connections, workers resting",
        [ours, copy],
        [Ratio.of("gateway / COPY", ours, copy, reach="to reach: ≥ 0.4")],
        [f"ours stored {stored:,} records with repeats recognised, customers, events; COPY's rows come ready-made"],
    )


async def _copying(url: str, org_id: UUID, seconds: float) -> Outcome:
    """COPY in a process of its own, as the loader of the other way has one."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, url, str(org_id), str(seconds)), stdout=-1, cwd=ROOT
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("COPY failed")
    return Outcome(**orjson.loads(out))


async def copy_rows(url: str, org_id: UUID, seconds: float) -> Outcome:
    """COPY rows of `ingest.feedback` again and again under new ids; only the COPY itself is timed."""
    from shared.foundation.ids import new_id

    conn = await asyncpg.connect(url)
    try:
        names = ", ".join(COLUMNS)
        query = f"SELECT {names} FROM ingest.feedback WHERE org_id = $1 LIMIT {COPIED}"
        rows = [tuple(row) for row in await conn.fetch(query, org_id)]
        rows = (rows * (COPIED // max(1, len(rows)) + 1))[:COPIED]
        copies, spent = 0, 0.0
        while spent < seconds:
            fresh = [(org_id, new_id(), *row[2:]) for row in rows]
            begun = perf_counter()
            await conn.copy_records_to_table("copied", schema_name="public", records=fresh, columns=COLUMNS)
            spent += perf_counter() - begun
            copies += 1
        return Outcome(requests=copies, seconds=spent, p50_ms=1000 * spent / copies)
    finally:
        await conn.close()


if __name__ == "__main__":
    done = asyncio.run(copy_rows(sys.argv[1], UUID(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.buffer.write(
        orjson.dumps({"requests": done.requests, "seconds": done.seconds, "p50_ms": done.p50_ms, "p99_ms": 0.0})
    )
