"""Single submissions, each acknowledged after its commit: ours through the gateway, ours alone, and the naive service.

Workers rest meanwhile, as if they ran on another machine; `pipeline` measures all together.
"""

from __future__ import annotations

import orjson

from benchmarks.answering import BODY
from benchmarks.consumption import cpu_seconds
from benchmarks.loader import Loader, Outcome
from benchmarks.naive_service import SCHEMA
from benchmarks.results import Figure, Ratio, Result
from benchmarks.stage import WORKERS, Stage, numbered, said, uvicorn
from shared.contracts.identity import IDENTITY_HEADER, Identity, sign_identity
from shared.foundation.ids import new_id

PATH = "/v1/feedback"


def bodies(*, plain: bool) -> list[str]:
    """What is sent. `plain`: no customer and no submission id, so nothing has to be looked up."""
    if not plain:
        return [orjson.dumps(one).decode() for one in numbered(said(400))]
    left_out = {"customer", "submission_id", "source"}
    return [orjson.dumps({k: v for k, v in one.items() if k not in left_out}).decode() for one in said(400)]


async def measure(stage: Stage) -> Result:
    """Rounds of ceiling, naive, gateway, direct, and gateway with plain bodies."""
    tenant = await stage.tenant("Intake")
    identity = Identity(tenant.org_id, "secret_key", new_id(), "bench", frozenset({"feedback:write"}))
    signed = sign_identity(identity, stage.stack.environment["IDENTITY_SECRET"], audience="ingest", ttl=3600)
    json = {"content-type": "application/json"}
    environment = {**stage.stack.environment}
    await stage.owner.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    assert stage.stack.servers is not None
    environment["DATABASE_URL"] = stage.stack.servers.owner_url
    full, plain = bodies(plain=False), bodies(plain=True)
    loader, how = Loader(), {"seconds": stage.sizes.seconds, "connections": stage.sizes.connections}
    figures = {
        "ceiling": Figure("loader's ceiling (empty ASGI app)", "req/s", []),
        "naive": Figure("naive FastAPI + SQLModel, no gateway", "req/s", []),
        "gateway": Figure("through the gateway", "req/s", []),
        "direct": Figure("ingest API alone (signed identity)", "req/s", []),
        "plain": Figure("through the gateway, plain bodies", "req/s", []),
    }
    async with (
        uvicorn("benchmarks.answering:app", environment) as (ceiling, _),
        uvicorn("benchmarks.naive_service:create_app", environment, "--factory") as (naive, naive_pid),
    ):
        ways = {
            "ceiling": (ceiling, json, full, ()),
            "naive": (naive, json, full, ("postgres",)),
            "gateway": (stage.gateway, tenant.headers(), full, ("gateway", "ingest-api", "postgres")),
            "direct": (stage.ingest, {**json, IDENTITY_HEADER: signed}, full, ("ingest-api", "postgres")),
            "plain": (stage.gateway, tenant.headers(), plain, ("gateway", "ingest-api", "postgres")),
        }
        with stage.resting(*WORKERS):
            for name, (address, headers, sent, _) in ways.items():  # connections, plans and caches are warm
                if name != "ceiling":
                    await loader.run(address, PATH, headers, sent, seconds=min(0.5, how["seconds"]), connections=8)
            for _ in range(stage.sizes.rounds):
                for name, (address, headers, sent, counted) in ways.items():
                    used, other = stage.cpu(*counted), cpu_seconds([naive_pid])
                    outcome = await loader.run(address, PATH, headers, sent, **how)
                    cpu = used() + (cpu_seconds([naive_pid]) - other if name == "naive" else 0.0)
                    note(figures[name], outcome, cpu)
            await stage.forget_pending(tenant)
    one = figures
    return Result(
        "intake",
        f"POST /v1/feedback, durable, {stage.sizes.connections} connections, workers resting",
        list(figures.values()),
        [
            Ratio.of("gateway / naive", one["gateway"], one["naive"], reach="to reach: ≥ 4"),
            Ratio.of("gateway / direct", one["gateway"], one["direct"], reach="to reach: ≥ 0.4"),
            Ratio.of("direct / naive", one["direct"], one["naive"]),
            Ratio.of("plain / naive", one["plain"], one["naive"]),
        ],
        [
            "ours authenticates, limits, recognises repeats, knows customers, redacts, publishes; naive only inserts",
            f"CPU µs: servers and PostgreSQL, a request; fsync {await stage.owner.fetchval('SHOW fsync')}, "
            f"synchronous_commit {await stage.owner.fetchval('SHOW synchronous_commit')}; empty answer {len(BODY)} B",
        ],
    )


def note(figure: Figure, outcome: Outcome, cpu_s: float, *, records: int = 1) -> None:
    """Add a round: rate, latency, CPU."""
    figure.rounds.append(outcome.per_second * records)
    figure.notes["p50 ms"] = round(outcome.p50_ms, 2)
    figure.notes["p99 ms"] = round(outcome.p99_ms, 1)
    if cpu_s:
        figure.notes["CPU µs"] = round(1e6 * cpu_s / max(1, outcome.requests * records), 1)
