"""The whole way: from a POST to analysed, judged and acted on; all processes working on this one machine."""

from __future__ import annotations

import asyncio
from statistics import median, quantiles
from time import perf_counter
from uuid import UUID

from benchmarks.results import Figure, Result
from benchmarks.stage import Stage, Tenant, said
from local_stack.demo.client import Client

UNSETTLED = (
    "SELECT NOT EXISTS (SELECT FROM messaging.deliveries "
    "WHERE org_id = $1 AND state = 'pending' AND listener IN ('analysis.records', 'loop.rules'))"
)


async def measure(stage: Stage) -> Result:
    """Throughput in batches, then latency at a modest rate."""
    processes = ("gateway", "ingest-api", "ingest-worker", "analysis-worker", "loop-worker", "receivers", "postgres")
    sent = Figure("accepted (batches of 250)", "records/s", [])
    judged = Figure("analysed and judged", "records/s", [])
    settled = Figure("everything settled, cases told", "records/s", [])
    tenant = await stage.tenant("Pipeline", acting=True)
    count = stage.sizes.pipeline_records
    used = {name: stage.cpu(name) for name in processes}
    async with stage.client(tenant) as client:
        begun = perf_counter()
        await client.send_batches(_unlike(said(count), "a"), lambda _count: None)
        sent.rounds.append(count / (perf_counter() - begun))
        await stage.until(UNSETTLED, tenant.org_id, what="judging")
        judged.rounds.append(count / (perf_counter() - begun))
        await stage.settled(tenant)
        settled.rounds.append(count / (perf_counter() - begun))
        judged.notes |= {f"CPU µs {name}": round(1e6 * spent() / count) for name, spent in used.items()}
        cases = await stage.owner.fetchval("SELECT count(*) FROM loop.cases WHERE org_id = $1", tenant.org_id)
        settled.notes["cases"] = cases
        mails = "SELECT NOT EXISTS (SELECT FROM loop.mails WHERE org_id = $1 AND state = 'pending')"
        hooks = "SELECT NOT EXISTS (SELECT FROM loop.webhook_deliveries WHERE org_id = $1 AND state = 'pending')"
        await stage.until(hooks, tenant.org_id, what="calling webhooks")
        hooked = cases / (perf_counter() - begun)
        await stage.until(mails, tenant.org_id, what="sending mails")
        mailed = cases / (perf_counter() - begun)
        latency = await _paced(stage, tenant, client)
    return Result(
        "pipeline",
        f"{count:,} records, then {stage.sizes.paced_rate} detractors a second",
        [
            sent,
            judged,
            settled,
            Figure("webhooks called, from the first POST on", "a second", [hooked]),
            Figure("mails sent, from the first POST on", "a second", [mailed]),
            Figure("POST → case opened, p50", "ms", [median(latency)], {"cases": len(latency)}),
            Figure("POST → case opened, p95", "ms", [quantiles(latency, n=20)[18]]),
        ],
        remarks=["to reach: p50 ≤ 500 ms, p95 ≤ 1,500 ms (at 300 a second); seen by polling every 5 ms"],
    )


def _unlike(records: list[dict[str, object]], mark: str) -> list[dict[str, object]]:
    return [{**one, "submission_id": f"{mark}-{place}"} for place, one in enumerate(records)]


async def _paced(stage: Stage, tenant: Tenant, client: Client) -> list[float]:
    """Detractors at a steady rate; milliseconds from the POST's start until another process can see the case."""
    rate, count = stage.sizes.paced_rate, max(2, int(stage.sizes.paced_rate * stage.sizes.paced_seconds))
    sent: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}

    async def send(place: int) -> None:
        await asyncio.sleep(place / rate)
        begun = perf_counter()
        body = {"channel": "email", "ratings": [{"metric": "nps", "value": 2}], "text": f"Parcel {place} came late."}
        answer = await client.call("POST", "/v1/feedback", body=body)
        sent[UUID(answer["id"])] = begun

    async def watch() -> None:
        newest = "SELECT id FROM loop.cases WHERE org_id = $1 ORDER BY id DESC LIMIT 1"
        after = await stage.owner.fetchval(newest, tenant.org_id) or UUID(int=0)
        while len(seen) < count:
            query = "SELECT feedback_id FROM loop.cases WHERE org_id = $1 AND id > $2"
            rows = await stage.owner.fetch(query, tenant.org_id, after)
            at = perf_counter()
            for row in rows:
                seen.setdefault(row["feedback_id"], at)
            await asyncio.sleep(0.005)

    async with asyncio.timeout(60 + count / rate), asyncio.TaskGroup() as group:
        group.create_task(watch())
        for place in range(count):
            group.create_task(send(place))
    return [1000 * (seen[one] - begun) for one, begun in sent.items() if one in seen]
