"""Slices: each has its effect once, whatever is killed, repeated, cancelled or broken on the way."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from ingest_service.imports import handlers, queries
from shared.contracts.envelope import Event
from shared.database import Database
from shared.foundation import clock
from shared.foundation.ids import new_id
from shared.messaging import Handling
from tests.support.api import Api
from tests.support.drain import until
from tests.support.servers import Servers, running_servers
from tests.support.services import RunningService, environment, running_service

LISTENER = "ingest.imports"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Servers of these tests' own: on the session's a real worker would take the events before the tests do."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="module")
async def api(servers: Servers) -> AsyncIterator[RunningService]:
    """The ingest API without a worker: the tests handle the events themselves."""
    async with running_service("ingest", servers, with_worker=False) as running:
        yield running


def table(rows: int) -> bytes:
    lines = ["ref,When,nps,Comment"]
    lines += [f"r{i},2026-0{1 + i % 9}-{10 + i % 19},{i % 11},the {i}th answer was given here" for i in range(rows)]
    return "\n".join(lines).encode()


async def upload(client: Api, body: bytes, **params: str) -> str:
    sent = await client.request(
        "POST", "/v1/imports", data=io.BytesIO(body), params=params, headers={"content-type": "text/csv"}
    )
    assert sent.status == 202, sent.body
    path: str = sent.json()["links"]["self"]
    return path


async def due(servers: Servers, org_id: UUID) -> list[Event]:
    """Events of imports that are not settled."""
    conn = await asyncpg.connect(servers.database_url)
    try:
        rows = await conn.fetch(
            "SELECT e.id, e.data::text AS data, e.occurred_at FROM messaging.events e JOIN messaging.deliveries d "
            "ON d.org_id = e.org_id AND d.event_id = e.id WHERE e.org_id = $1 AND d.listener = $2 "
            "AND d.state = 'pending'",
            org_id,
            LISTENER,
        )
    finally:
        await conn.close()
    return [
        Event(org_id, "ImportContinues", orjson.loads(row["data"]), "ingest", row["id"], row["occurred_at"])
        for row in rows
    ]


async def counted(servers: Servers, org_id: UUID) -> tuple[int, int]:
    """(rows of feedback, distinct ids) that were stored."""
    conn = await asyncpg.connect(servers.database_url)
    try:
        row = await conn.fetchrow(
            "SELECT count(*) AS rows, count(DISTINCT submission_id) AS ids FROM ingest.feedback WHERE org_id = $1",
            org_id,
        )
        return row["rows"], row["ids"]
    finally:
        await conn.close()


def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "PIECE_ROWS", 50)
    monkeypatch.setattr(handlers, "SLICE_SECONDS", 0.0)


async def run_all(api: RunningService, servers: Servers, org_id: UUID, *, limit: int = 200) -> int:
    """Handle what is due until nothing is; returns how many events."""
    handled = 0
    while (events := await due(servers, org_id)) and handled < limit:
        await handlers.continue_imports(events, Handling(api.database, LISTENER))
        handled += len(events)
    return handled


async def test_slices_repeated_and_raced_store_each_row_once(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch)
    client = api.as_org(organisation)
    path = await upload(client, table(730))
    handling = Handling(api.database, LISTENER)
    for _ in range(100):
        if not (events := await due(servers, organisation)):
            break
        await asyncio.gather(*(handlers.continue_imports(events, handling) for _ in range(3)))
        await handlers.continue_imports(events, handling)
    shown = (await client.get(path)).json()
    assert (shown["status"], shown["accepted"], shown["rows_read"]) == ("completed", 730, 730)
    assert await counted(servers, organisation) == (730, 730)


async def test_a_slice_that_breaks_before_its_commit_leaves_nothing_behind(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch)
    client = api.as_org(organisation)
    path = await upload(client, table(220))
    await run_all(api, servers, organisation, limit=3)
    before = await counted(servers, organisation)
    sound = queries.advance_rows

    async def away(*args: Any, **kwargs: Any) -> None:
        await sound(*args, **kwargs)
        raise ConnectionResetError

    monkeypatch.setattr(queries, "advance_rows", away)
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            await handlers.continue_imports(await due(servers, organisation), Handling(api.database, LISTENER))
    assert await counted(servers, organisation) == before
    monkeypatch.setattr(queries, "advance_rows", sound)
    await run_all(api, servers, organisation)
    shown = (await client.get(path)).json()
    assert (shown["status"], shown["accepted"], shown["duplicates"]) == ("completed", 220, 0)
    assert await counted(servers, organisation) == (220, 220)


async def test_a_fault_of_ours_fails_the_import_and_the_file_can_be_sent_again(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch)
    client = api.as_org(organisation)
    path = await upload(client, table(120))
    await run_all(api, servers, organisation, limit=2)

    async def broken(*_: Any) -> list[Any]:
        raise KeyError("x")

    with monkeypatch.context() as patched:
        patched.setattr(handlers, "store", broken)
        await run_all(api, servers, organisation)
    shown = (await client.get(path)).json()
    assert (shown["status"], shown["failure"]["code"], shown["accepted"]) == ("failed", "internal", 50)
    again = await upload(client, table(120))
    await run_all(api, servers, organisation)
    shown = (await client.get(again)).json()
    assert (shown["accepted"], shown["duplicates"]) == (70, 50)
    assert await counted(servers, organisation) == (120, 120)


async def test_cancelling_keeps_what_is_stored_and_drops_the_rest(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch)
    client = api.as_org(organisation)
    path = await upload(client, table(300))
    await run_all(api, servers, organisation, limit=3)
    shown = (await client.delete(path)).json()
    assert (shown["status"], shown["accepted"], shown["rows_total"]) == ("cancelled", 100, 300)
    await run_all(api, servers, organisation)
    assert await counted(servers, organisation) == (100, 100)
    assert (await client.delete(path)).json()["status"] == "cancelled"


async def test_progress_is_told_while_it_runs(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch)
    client = api.as_org(organisation)
    path = await upload(client, table(300))
    assert (await client.get(path)).json()["status"] == "queued"
    await run_all(api, servers, organisation, limit=3)
    shown = (await client.get(path)).json()
    assert (shown["status"], shown["rows_total"], shown["rows_read"]) == ("running", 300, 100)
    assert shown["rate"] > 0
    assert shown["eta"] > shown["started_at"]


async def test_the_column_pass_goes_on_where_it_was(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(handlers, "WINDOW_BYTES", 3_000)
    client = api.as_org(organisation)
    late = b"\nx1,22/01/2026,9,a late proof that days come first"
    body = b"ref,When,nps,Comment" + b"".join(
        b"\nr%d,03/04/2026,%d,answer %d of many" % (i, i % 11, i) for i in range(400)
    )
    path = await upload(client, body + late)
    events = await run_all(api, servers, organisation)
    shown = (await client.get(path)).json()
    assert events > 10
    assert (shown["rows_total"], shown["accepted"]) == (401, 401)
    assert shown["mapping"]["date_order"] == "DMY"
    assert shown["reasons"]["date_order"].startswith("day first: 1 cells")


async def test_a_mapping_of_a_column_that_jsonl_never_shows(
    api: RunningService, servers: Servers, organisation: UUID
) -> None:
    client = api.as_org(organisation)
    sent = await client.request(
        "POST",
        "/v1/imports",
        data=io.BytesIO(b'{"score": 9}\n'),
        params={"mapping": "mood=text"},
        headers={"content-type": "application/jsonl"},
    )
    await run_all(api, servers, organisation)
    shown = (await client.get(sent.json()["links"]["self"])).json()
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "mapping_refused")


async def test_errors_beyond_the_limit_are_counted_but_not_kept(
    api: RunningService, servers: Servers, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ERRORS_KEPT", 5)
    client = api.as_org(organisation)
    path = await upload(client, b"nps,why\n" + b"77,too high by far here\n" * 8 + b"7,fine and well\n" * 20)
    await run_all(api, servers, organisation)
    shown = (await client.get(path)).json()
    assert (shown["rejected"], shown["error_counts"]) == (8, {"score_out_of_scale": 8})
    assert len((await client.get(path + "/errors")).json()["data"]) == 5


async def test_uploads_left_by_a_dead_process_are_cleared(api: RunningService, organisation: UUID) -> None:
    import_id = new_id()
    async with api.database.batch([organisation]) as batch:
        await queries.create(batch, organisation, import_id, created_by=None, at=clock.now())
        await queries.add_part(batch, organisation, import_id, 0, b"x", at=clock.now())
    await handlers.tend(Handling(api.database))
    assert await _exists(api.database, organisation, import_id)
    with clock.shifted(timedelta(hours=1)):
        await handlers.tend(Handling(api.database))
    assert not await _exists(api.database, organisation, import_id)


async def test_an_import_whose_event_was_given_up_is_woken_and_after_a_day_has_failed(
    api: RunningService, servers: Servers, organisation: UUID
) -> None:
    client = api.as_org(organisation)
    path, other = await upload(client, table(20)), await upload(client, table(30))
    await _give_up(servers, organisation)
    assert await due(servers, organisation) == []
    with clock.shifted(timedelta(hours=1)):
        await handlers.tend(Handling(api.database))
        assert len(await due(servers, organisation)) == 2
        await run_all(api, servers, organisation)
    assert (await client.get(path)).json()["accepted"] == 20
    assert (await client.get(other)).json()["status"] == "completed"
    stalled = await upload(client, table(5))
    await _give_up(servers, organisation)
    with clock.shifted(timedelta(days=2)):
        await handlers.tend(Handling(api.database))
    shown = (await client.get(stalled)).json()
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "stalled")


async def _give_up(servers: Servers, org_id: UUID) -> None:
    conn = await asyncpg.connect(servers.database_url)
    try:
        await conn.execute("UPDATE messaging.deliveries SET state = 'dead' WHERE org_id = $1", org_id)
    finally:
        await conn.close()


async def _exists(database: Database, org_id: UUID, import_id: UUID) -> bool:
    async with database.transaction(org_id) as tx:
        return await queries.load(tx, org_id, import_id) is not None


@asynccontextmanager
async def worker_process(servers: Servers) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real ingest worker."""
    told = {name.upper(): str(value) for name, value in environment(servers).items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest_service", "worker",
        env={**os.environ, **told}, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    api: RunningService, servers: Servers, organisation: UUID
) -> None:
    client = api.as_org(organisation)
    path = await upload(client, table(30_000))

    def progress(least: int) -> Callable[[], Any]:
        async def seen() -> dict[str, Any] | None:
            shown: dict[str, Any] = (await client.get(path)).json()
            return shown if shown["rows_read"] >= least or shown["finished_at"] else None

        return seen

    async with worker_process(servers) as worker:
        await until(progress(1), timeout=60, what="the first rows")
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    halfway = await progress(0)()
    rows, ids = await counted(servers, organisation)
    assert rows == ids == halfway["rows_read"] < 30_000
    async with worker_process(servers):
        shown = await until(progress(30_000), timeout=120, what="the end of the import")
    assert (shown["status"], shown["accepted"], shown["duplicates"], shown["rejected"]) == ("completed", 30_000, 0, 0)
    assert await counted(servers, organisation) == (30_000, 30_000)
