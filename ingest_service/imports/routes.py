"""HTTP of the imports: upload (or dry run), progress, errors per row, cancel."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from ingest_service.imports import queries
from ingest_service.imports.dry_run import dry_run as run_dry
from ingest_service.imports.layout import Layout
from ingest_service.imports.mapping import Mapping, match_columns
from ingest_service.imports.progress import file_shown, import_shown, links
from ingest_service.imports.reception import as_problem, kind_of, layout_of, mapping_of, with_charset
from ingest_service.imports.records import beginning
from ingest_service.imports.schemas import DryRun, ErrorShown, FileShown, ImportQueued, ImportShown
from ingest_service.imports.slices import WINDOW_BYTES
from ingest_service.imports.tables import ImportErrorRow, ImportRow
from ingest_service.imports.upload import FORMATS, FormReader, Upload
from ingest_service.intake.preparation import Origin
from shared.contracts.envelope import event
from shared.contracts.ingest_events import ImportContinues
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database import Database
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=StrictRoute)

UNFINISHED_LIMIT: Final = 20
"""Imports of one organisation under way at the same time."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@router.post(
    "",
    status_code=202,
    response_model=None,
    dependencies=[needs("imports:write")],
    responses={
        200: {"model": DryRun, "description": "A dry run: nothing was stored."},
        202: {"model": ImportQueued, "description": "The file is stored; its rows are read from now on."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "mapping": {"type": "string"},
                            "dry_run": {"type": "string", "enum": ["true", "false"]},
                            "filename": {"type": "string"},
                        },
                    }
                },
            },
        }
    },
)
async def import_file(
    *,
    request: Request,
    caller: Caller,
    db: Db,
    response: Response,
    mapping: Annotated[str | None, Query(max_length=65_536, description="JSON, or column=role,column=role")] = None,
    dry_run: Annotated[bool, Query()] = False,
    filename: Annotated[str | None, Query(max_length=255)] = None,
) -> DryRun | ImportQueued:
    """Upload a CSV or JSONL file of up to 1 GiB. Columns that the mapping does not name are guessed.

    The same file again is the same feedback. With `dry_run=true` nothing is stored and the guess is shown.
    """
    told = mapping_of(mapping)
    kind, charset = kind_of(request.headers)
    org_id, import_id = caller.org_id, new_id()
    await _begin(db, org_id, import_id, caller)
    try:
        upload, form = await _receive(db, org_id, import_id, request=request, is_form=kind == "multipart/form-data")
        digest = await upload.close()
        if form is not None:
            form.close()
            told = mapping_of(form.fields["mapping"]) if "mapping" in form.fields else told
            dry_run = dry_run or form.fields.get("dry_run", "").lower() in ("true", "1", "yes")
            filename = form.fields.get("filename") or filename or form.filename
        told = with_charset(told, charset)
        layout = await asyncio.to_thread(layout_of, upload, told, FORMATS.get(kind))
        if layout.format == "csv":
            match_columns(told, layout.columns)
        filename = (filename or "").replace("\x00", "")[:255] or None
        start, line = beginning(upload.head, layout)
        if dry_run:
            file = file_shown(layout, filename=filename, size=upload.size, digest=digest)
            shown = await _run_dry(db, org_id, import_id, layout=layout, file=file, start=start, line=line, told=told)
            await _discard(db, org_id, import_id)
            response.status_code = 200
            return shown
        data = ImportContinues(import_id=import_id, position=start).model_dump(mode="json")
        async with db.batch([org_id]) as batch:
            await queries.receive(
                batch, org_id, import_id, digest=digest, filename=filename, told=told.as_dict(),
                layout=layout.as_dict(), position=start, line=line, at=now(),
            )  # fmt: skip
            await publish(batch, [event(org_id, "ImportContinues", data, publisher="ingest")])
    except BaseException as error:
        await _discard(db, org_id, import_id)
        if isinstance(error, Exception):
            raise as_problem(error) from error
        raise
    return ImportQueued(id=import_id, status="queued", links=links(import_id))


async def _begin(db: Database, org_id: UUID, import_id: UUID, caller: Caller) -> None:
    actor = f"{caller.kind}:{caller.actor_id}" if caller.actor_id else caller.kind
    async with db.batch([org_id]) as batch:
        if await queries.count_unfinished(batch, org_id) >= UNFINISHED_LIMIT:
            raise Problem(Code.LIMIT_REACHED, f"{UNFINISHED_LIMIT} imports are under way. Wait for one, or cancel one.")
        await queries.create(batch, org_id, import_id, created_by=actor, at=now())


async def _receive(
    db: Database, org_id: UUID, import_id: UUID, *, request: Request, is_form: bool
) -> tuple[Upload, FormReader | None]:
    async def keep(start: int, part: bytes) -> None:
        async with db.batch([org_id]) as batch:
            await queries.add_part(batch, org_id, import_id, start, part, at=now())

    upload = Upload(keep, queries.PART_BYTES)
    form = FormReader(request.headers["content-type"], upload) if is_form else None
    try:
        async for chunk in request.stream():
            await (form.add(chunk) if form is not None else upload.add(chunk))
    except ClientDisconnect:
        raise Problem(Code.REQUEST_MALFORMED, "The upload ended before the file did. Nothing was kept.") from None
    return upload, form


async def _run_dry(
    db: Database, org_id: UUID, import_id: UUID, *, layout: Layout, file: FileShown, start: int, line: int,
    told: Mapping,
) -> DryRun:  # fmt: skip
    async def window(position: int) -> bytes:
        async with db.batch([org_id]) as batch:
            return await queries.read_bytes(batch, org_id, import_id, position, WINDOW_BYTES)

    origin = Origin(org_id, now())
    return await run_dry(window, layout=layout, file=file, start=start, first_line=line, told=told, origin=origin)


async def _discard(db: Database, org_id: UUID, import_id: UUID) -> None:
    async with db.batch([org_id]) as batch:
        await queries.discard(batch, org_id, import_id)


async def _found(db: Database, org_id: UUID, import_id: UUID) -> ImportRow:
    async with db.transaction(org_id) as tx:
        row = await queries.load(tx, org_id, import_id)
    if row is None or row.status in queries.HIDDEN:
        raise Problem(Code.NOT_FOUND, "The organisation has no import of this id.")
    return row


@router.get("", dependencies=[needs("imports:read")])
async def list_imports(
    *, caller: Caller, db: Db, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> Page[ImportShown]:
    """Imports, newest first."""
    before = _import_place(cursor) if cursor else None
    async with db.transaction(caller.org_id) as tx:
        rows = await queries.newest(tx, caller.org_id, before=before, limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page(data=[import_shown(row, now()) for row in rows[:limit]], next_cursor=more)


@router.get("/{import_id}", dependencies=[needs("imports:read")])
async def show_import(import_id: UUID, caller: Caller, db: Db) -> ImportShown:
    """An import and how far it has come."""
    return import_shown(await _found(db, caller.org_id, import_id), now())


@router.get(
    "/{import_id}/errors",
    dependencies=[needs("imports:read")],
    response_model=Page[ErrorShown],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def list_errors(
    *,
    import_id: UUID,
    caller: Caller,
    db: Db,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[ErrorShown] | StreamingResponse:
    """Faults per row in the order of the file; `format=csv` gives all of them to open beside it."""
    await _found(db, caller.org_id, import_id)
    if format == "csv":
        headers = {"content-disposition": f'attachment; filename="import-{import_id}-errors.csv"'}
        return StreamingResponse(_error_lines(db, caller.org_id, import_id), media_type="text/csv", headers=headers)
    row, ordinal = _error_place(cursor) if cursor else (0, -1)
    async with db.transaction(caller.org_id) as tx:
        found = await queries.errors_after(tx, caller.org_id, import_id, row=row, ordinal=ordinal, limit=limit + 1)
    more = encode_cursor([found[limit - 1].row, found[limit - 1].ordinal]) if len(found) > limit else None
    return Page(data=[_error(one) for one in found[:limit]], next_cursor=more)


def _import_place(cursor: str) -> UUID:
    try:
        (last,) = decode_cursor(cursor)
        return UUID(last)
    except (ValueError, TypeError, AttributeError):
        raise _other_list() from None


def _error_place(cursor: str) -> tuple[int, int]:
    try:
        row, ordinal = decode_cursor(cursor)
        return int(row), int(ordinal)
    except (ValueError, TypeError):
        raise _other_list() from None


def _other_list() -> Problem:
    fault = FieldProblem("?cursor", "cursor_invalid", "not a cursor of this list")
    return Problem(Code.CURSOR_INVALID, "Use `next_cursor` of the page before exactly as it came.", [fault])


def _error(one: ImportErrorRow) -> ErrorShown:
    return ErrorShown(row=one.row, line=one.line, column=one.column_name, code=one.code, detail=one.detail)


def unharmed(cell: str) -> str:
    """The cell so that a spreadsheet shows it and never runs it (OWASP: CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


async def _error_lines(db: Database, org_id: UUID, import_id: UUID) -> AsyncIterator[str]:
    yield "row,line,column,code,how_to_mend\r\n"
    row, ordinal = 0, -1
    while True:
        async with db.transaction(org_id) as tx:
            found = await queries.errors_after(tx, org_id, import_id, row=row, ordinal=ordinal, limit=1_000)
        if not found:
            return
        out = io.StringIO()
        csv.writer(out).writerows(
            [one.row, one.line, unharmed(one.column_name or ""), one.code, unharmed(one.detail)] for one in found
        )
        yield out.getvalue()
        row, ordinal = found[-1].row, found[-1].ordinal


@router.delete("/{import_id}", dependencies=[needs("imports:write")])
async def cancel_import(import_id: UUID, caller: Caller, db: Db) -> ImportShown:
    """Stop an import. Rows stored so far stay; its bytes are deleted. An import that has ended stays as it is."""
    await _found(db, caller.org_id, import_id)
    async with db.batch([caller.org_id]) as batch:
        await queries.finish(batch, caller.org_id, import_id, status="cancelled", failure=None, at=now())
    return import_shown(await _found(db, caller.org_id, import_id), now())
