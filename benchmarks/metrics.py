"""NPS by week over a year of records: out of the cells, out of the records, and as the API answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID
from zoneinfo import ZoneInfo

from analysis_service.metrics import windows
from analysis_service.metrics.cells import Facet
from analysis_service.metrics.filters import Dimensions
from analysis_service.metrics.queries import Part, Slice, from_cells, from_records
from analysis_service.metrics.reading import PLANNED
from benchmarks.results import Figure, Ratio, Result
from benchmarks.stage import Stage, Tenant
from shared.database import Database

CHANNELS = ("widget", "email", "app_store", "chat", "kiosk")
UNITS = ("North", "South", "East", "West")
START, END = datetime(2025, 1, 6, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
REPEATS = 5

_RECORDS = """
INSERT INTO analysis.records (org_id, feedback_id, occurred_at, received_at, stored_at, analysed_at, facet, customer_id,
    revision, nps, sentiment, sentiment_score, ratings, terms, attributes, model, content_hash)
SELECT $1, gen_random_uuid(), at, at, at, at, facets[1 + (hashint4(n) & 65535) % cardinality(facets)],
    md5('customer ' || n::bigint * 7919 % ($2 / 3 + 1))::uuid, 1, n * 31 % 11, 'neutral', 0,
    '[]', '[]', '{}', 'none', '\\x00'
FROM (SELECT n, $4::timestamptz + n * (($5::timestamptz - $4::timestamptz) / $2) AS at, $3::uuid[] AS facets
      FROM generate_series(0, $2 - 1) AS n) given
"""
_CELLS = """
INSERT INTO analysis.metric_cells (org_id, metric, hour, facet, scale, aspect, n, favourable, neutral, unfavourable,
    total, total_squares)
SELECT org_id, 'nps', date_trunc('hour', occurred_at), facet, '0-10', '', count(*),
    count(*) FILTER (WHERE nps >= 9), count(*) FILTER (WHERE nps IN (7, 8)), count(*) FILTER (WHERE nps <= 6),
    (1000 * sum(nps))::bigint, (1000000 * sum(nps * nps))::numeric
FROM analysis.records WHERE org_id = $1 GROUP BY 1, 3, 4
"""


async def seed(stage: Stage, org_id: UUID, count: int) -> int:
    """`count` records and their cells, set-based; returns how many cells. One SQL rule counts, as `tally.py` does."""
    facets = [Facet(channel, f"{channel}-1", unit, "", "en") for channel in CHANNELS for unit in UNITS]
    await stage.owner.executemany(
        "INSERT INTO analysis.facets VALUES ($1, $2, $3, $4, $5, $6, $7)", [(org_id, one.key, *one) for one in facets]
    )
    await stage.owner.execute(_RECORDS, org_id, count, [one.key for one in facets], START, END)
    await stage.owner.execute(_CELLS, org_id)
    await stage.owner.execute("VACUUM ANALYZE analysis.records, analysis.metric_cells")
    cells: int = await stage.owner.fetchval("SELECT count(*) FROM analysis.metric_cells WHERE org_id = $1", org_id)
    return cells


async def measure(stage: Stage) -> Result:
    """Every size in an organisation of its own; medians over interleaved repeats, wall milliseconds."""
    figures: list[Figure] = []
    ratios: list[Ratio] = []
    for count in stage.sizes.metric_records:
        tenant = await stage.tenant(f"Metrics {count}")
        cells = await seed(stage, tenant.org_id, count)
        found = await _timed(stage, tenant)
        found[0].notes["cells"] = cells
        for figure in found:
            figure.name = f"{count:,}: {figure.name}"
        figures += found
        ratios.append(Ratio.of(f"{count:,}: records / cells", found[1], found[0]))
    return Result(
        "metrics",
        f"a year by week, hourly cells of {len(CHANNELS) * len(UNITS)} facets",
        figures,
        ratios,
        ["cells and records gave the same counts; the API's answer also counts distinct customers, out of records"],
    )


async def _timed(stage: Stage, tenant: Tenant) -> list[Figure]:
    buckets = windows.cut(START, END, "week", ZoneInfo("UTC"))
    asked = Slice("nps", "", [one.start for one in buckets], buckets[-1].end, None, Dimensions())
    figures = [Figure(name, "ms", []) for name in ("out of cells", "out of records", "GET nps", "GET nps by channel")]
    last = (END - timedelta(microseconds=1)).isoformat()
    parameters = {"interval": "week", "from": START.isoformat(), "to": last}
    answers: list[list[Part]] = [[], []]
    assert stage.stack.servers is not None
    database = await Database.connect(stage.stack.servers.owner_url, role="cxloop_analysis", pool_size=2)

    async def read(place: int) -> None:
        async with database.batch([tenant.org_id]) as batch:
            await batch.conn.execute(PLANNED)
            answers[place] = await (from_cells, from_records)[place](batch, tenant.org_id, asked)

    try:
        async with stage.client(tenant) as client:

            async def get(**more: str) -> None:
                await client.call("GET", "/v1/metrics/nps", params={**parameters, **more})

            ways: list[Callable[[], Awaitable[None]]] = [
                lambda: read(0), lambda: read(1), get, lambda: get(group_by="channel"),
            ]  # fmt: skip
            for repeat in range(REPEATS + 1):
                for figure, way in zip(figures, ways, strict=True):
                    begun = perf_counter()
                    await way()
                    if repeat:  # the first one warms caches
                        figure.rounds.append(1000 * (perf_counter() - begun))
    finally:
        await database.close()
    cells, records = (sorted((one.bucket, one.tally.n, one.tally.total) for one in found) for found in answers)
    if cells != records:
        raise RuntimeError("cells and records do not agree")
    return figures
