"""What the imports do when their next slice is due.

1. An import is read in two passes: its columns first (all of them, over the whole file), then its rows.
2. Each event takes one slice: at most 4 MiB and some two seconds. It claims its event, locks the import, stores
   the rows, moves the position on and publishes the event of the next slice, all in one transaction. A process
   killed at any point has stored the slice or nothing of it, and the sweeper sends the event again.
3. A slice that fails for a reason that will not pass fails the import; what was stored stays, and the same file
   sent again is recognised row by row.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from ingest_service.imports import queries
from ingest_service.imports.layout import Layout
from ingest_service.imports.mapping import MappingRefused, parse
from ingest_service.imports.profile import Profile, guess, own_shape, profile_from, profile_shape
from ingest_service.imports.rows import RowReader
from ingest_service.imports.slices import WINDOW_BYTES, ProfilePass, RowSlice, RowStream
from ingest_service.imports.tables import ImportRow
from ingest_service.intake.preparation import Origin
from ingest_service.intake.submit import Stored, store
from shared.contracts.envelope import Event, event
from shared.contracts.ingest_events import ImportContinues
from shared.database import Batch
from shared.database.failures import is_temporary
from shared.database.migrate import SWEEPER
from shared.foundation.clock import now
from shared.messaging.publishing import publish
from shared.messaging.registry import every, handles
from shared.messaging.retry import describe
from shared.messaging.work import Handling
from shared.telemetry.logs import log

SLICE_SECONDS: Final = 2.0
"""After so long no further rows are begun: progress is seen, and other events of the queue get their turn."""
PIECE_ROWS: Final = 1_000
STILL_AFTER: Final = timedelta(minutes=30)
GIVEN_UP_AFTER: Final = timedelta(days=1)
STALLED: Final = {"code": "stalled", "detail": "the import did not go on for a day; send the file again"}
NO_ROWS: Final = {"code": "no_rows", "detail": "the file holds no rows behind its header"}


@handles("ImportContinues")
async def continue_imports(events: list[Event], handling: Handling) -> None:
    """One slice of each import; several share the time that one would have."""
    for one in events:
        await _continue(one, handling, SLICE_SECONDS / len(events))


async def _continue(one: Event, handling: Handling, seconds: float) -> None:
    told = ImportContinues.model_validate(one.data)
    async with handling.database.transaction(one.org_id) as tx:
        job = await queries.load(tx, one.org_id, told.import_id)
    if job is None or job.status not in ("queued", "running") or job.position != told.position:
        async with handling.claim([one]):
            return
    try:
        if job.stage == "profile":
            await _look_at_columns(one, job, handling, seconds)
        else:
            await _store_rows(one, job, handling, seconds)
    except Exception as error:
        if is_temporary(error):
            raise
        tell = log.info if isinstance(error, MappingRefused | NothingFound) else log.error
        tell("import.failed", import_id=str(job.id), org_id=str(job.org_id), error=describe(error))
        await _fail(one, job, handling, _failure(error))


def _failure(error: Exception) -> dict[str, str]:
    if isinstance(error, MappingRefused):
        return {"code": "mapping_refused", "detail": f"{error.pointer}: {error.detail}"}
    if isinstance(error, NothingFound) and error.rows == 0:
        return NO_ROWS
    if isinstance(error, NothingFound):
        return {"code": "nothing_found", "detail": "no column looks like a score or a text; name them in the mapping"}
    return {
        "code": "internal",
        "detail": "a fault of ours stopped the import; send the file again: rows already stored are recognised",
    }


class NothingFound(Exception):
    """No column is a score or a text: importing would reject each of its `rows`."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


async def _fail(one: Event, job: ImportRow, handling: Handling, failure: dict[str, str]) -> None:
    async with handling.claim([one]) as (batch, claimed):
        if claimed:
            await queries.finish(batch, job.org_id, job.id, status="failed", failure=failure, at=now())


async def _look_at_columns(one: Event, job: ImportRow, handling: Handling, seconds: float) -> None:
    layout = Layout.from_dict(job.layout or {})
    stored = job.facts or {"start": [job.position, job.line]}
    start, start_line = stored["start"]
    look = ProfilePass.resumed(stored.get("pass"), layout, now().date())
    position, until = job.position, monotonic() + seconds
    while position < job.size_bytes:
        data = await _window(handling, job, position)
        final = position + len(data) >= job.size_bytes
        position += await asyncio.to_thread(look.feed, data, final=final)
        if monotonic() > until:  # asked behind the work: a slice moves on, however little time it has
            break
    whole = position >= job.size_bytes
    profile: Profile | None = None
    if whole and look.layout.shape == "columns":
        profile = await asyncio.to_thread(guess, look.layout.columns, look.facts, parse(job.told), job.filename or "")
        if not profile.says_something:
            raise NothingFound(look.rows)
    async with handling.claim([one]) as (batch, claimed):
        if not claimed or not await queries.take(batch, job.org_id, job.id, position=job.position, stage="profile"):
            return
        if whole:
            shape = own_shape(job.told) if profile is None else profile_shape(profile)
            await queries.begin_rows(
                batch, job.org_id, job.id, position=start, line=start_line, rows_total=look.rows,
                profile=shape, layout=look.layout.as_dict(), at=now(),
            )  # fmt: skip
            await _go_on(batch, one, job.id, start)
        else:
            facts = {"start": [start, start_line], "pass": look.as_dict()}
            await queries.advance_profile(
                batch, job.org_id, job.id, position=position, line=job.line, rows=look.rows, facts=facts,
                layout=look.layout.as_dict(), at=now(),
            )  # fmt: skip
            await _go_on(batch, one, job.id, position)


def row_reader(job: ImportRow, layout: Layout) -> RowReader:
    """The reader of the rows of an import whose columns are known."""
    profile = profile_from(job.profile or own_shape(job.told))
    return RowReader(
        layout.columns,
        profile.roles,
        job.digest or "",
        profile.date_order,
        profile.timezone,
        profile.channel,
        profile.source,
        profile.plain_numbers,
    )


async def _store_rows(one: Event, job: ImportRow, handling: Handling, seconds: float) -> None:
    layout = Layout.from_dict(job.layout or {})
    data = await _window(handling, job, job.position)
    reader = row_reader(job, layout)
    stream = RowStream(
        data, job.position + len(data) >= job.size_bytes, layout, reader, Origin(job.org_id, job.created_at),
        job.rows_read + 1, job.line + 1,
    )  # fmt: skip
    until = monotonic() + seconds
    piece: RowSlice | None = await asyncio.to_thread(stream.take, PIECE_ROWS, seconds)
    done = _Done()
    async with handling.claim([one]) as (batch, claimed):
        if not claimed or not await queries.take(batch, job.org_id, job.id, position=job.position, stage="rows"):
            return
        while piece is not None:
            # The next rows are made ready in a thread while PostgreSQL stores these.
            go_on = not piece.last and monotonic() < until
            ahead = asyncio.create_task(asyncio.to_thread(stream.take, PIECE_ROWS)) if go_on else None
            try:
                done.add(piece, await store(batch, piece.prepared))
            finally:
                piece = await ahead if ahead is not None else None
        position = job.position + done.end
        await queries.advance_rows(
            batch, job.org_id, job.id, position=position, line=job.line + done.lines, rows=done.rows,
            outcome=done.outcome, errors=done.errors, rejected=done.rejected,
            error_counts=Counter(job.error_counts) + done.error_counts, notes=Counter(job.notes) + reader.notes,
            at=now(),
        )  # fmt: skip
        if position >= job.size_bytes:
            await queries.finish(batch, job.org_id, job.id, status="completed", failure=None, at=now())
        else:
            await _go_on(batch, one, job.id, position)


@dataclass(slots=True)
class _Done:
    """What one handling has stored so far."""

    rows: int = 0
    rejected: int = 0
    end: int = 0
    lines: int = 0
    outcome: Counter[str] = field(default_factory=Counter)
    error_counts: Counter[str] = field(default_factory=Counter)
    errors: list[queries.RowError] = field(default_factory=list)

    def add(self, piece: RowSlice, stored: list[Stored]) -> None:
        self.rows += piece.rows
        self.rejected += piece.rejected
        self.end, self.lines = piece.end, piece.lines
        self.outcome.update(one.status for one in stored)
        self.error_counts.update(piece.error_counts)
        self.errors += [
            queries.RowError(one.row, one.ordinal, one.line, one.fault.column, one.fault.code, one.fault.detail)
            for one in piece.rejections
        ]


async def _window(handling: Handling, job: ImportRow, position: int) -> bytes:
    async with handling.database.batch([job.org_id]) as batch:
        return await queries.read_bytes(batch, job.org_id, job.id, position, WINDOW_BYTES)


async def _go_on(batch: Batch, one: Event, import_id: UUID, position: int) -> None:
    data = ImportContinues(import_id=import_id, position=position).model_dump(mode="json")
    await publish(batch, [event(one.org_id, "ImportContinues", data, publisher="ingest", trace=one.trace)])


@every(seconds=300.0)
async def tend(handling: Handling) -> None:
    """Delete what uploads left whose sender or process died; wake imports whose event was given up.

    An import that no waking helped for a day has failed.
    """
    async with handling.database.batch([], role=SWEEPER) as batch:
        still = await queries.standing_still(batch, None, before=now() - STILL_AFTER)
    for one in still:
        async with handling.database.batch([one.org_id]) as batch:
            if one.status == "receiving":
                await queries.discard(batch, one.org_id, one.id)
            elif one.created_at < now() - GIVEN_UP_AFTER:
                await queries.finish(batch, one.org_id, one.id, status="failed", failure=STALLED, at=now())
            else:
                await queries.touch(batch, one.org_id, one.id, at=now())
                data = ImportContinues(import_id=one.id, position=one.position).model_dump(mode="json")
                await publish(batch, [event(one.org_id, "ImportContinues", data, publisher="ingest")])
