"""HTTP of the imports: upload (or dry run), progress, errors per row, cancel."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from ingest_service.imports import queries
from ingest_service.imports.decoding import EncodingUnknown, decode
from ingest_service.imports.dry_run import dry_run
from ingest_service.imports.layout import Layout, LayoutRefused, sniff
from ingest_service.imports.mapping import Mapping, MappingRefused, match_columns, read_mapping
from ingest_service.imports.records import beginning
from ingest_service.imports.schemas import (
    ColumnShown,
    DryRun,
    ErrorShown,
    FileShown,
    ImportLinks,
    ImportQueued,
    ImportShown,
    Warned,
)
from ingest_service.imports.slices import WINDOW_BYTES
from ingest_service.imports.tables import ImportErrorRow, ImportRow
from ingest_service.imports.upload import FORMATS, SIZE_LIMIT, FormReader, Upload, media_type, too_large
from ingest_service.intake.preparation import Origin
from shared.contracts.envelope import event
from shared.contracts.ingest_events import ImportContinues
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database import Database
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.messaging.publishing import publish
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
    told = _mapping(mapping)
    kind = _kind(request)
    import_id = new_id()
    await _begin(db, caller.org_id, import_id, filename, _actor(caller))
    try:
        upload, form = await _receive(request, db, caller.org_id, import_id, kind)
        digest = await upload.close()
        if form is not None:
            form.close()
            told = _mapping(form.fields["mapping"]) if "mapping" in form.fields else told
            dry_run = dry_run or form.fields.get("dry_run", "").lower() in ("true", "1", "yes")
            filename = form.fields.get("filename") or filename or form.filename
        told = _charset(told, kind[1])
        layout, reasons = _layout(upload, told, FORMATS.get(kind[0]) if form is None else None)
        start, line = beginning(upload.head, layout)
        if layout.shape == "columns" and layout.format == "csv":
            match_columns(told, layout.columns)
        filename = (filename or "").replace("\x00", "")[:255] or None
        if dry_run:
            response.status_code = 200
            file = _file(layout, filename, upload.size, digest, reasons)
            return await _dry_run(db, caller.org_id, import_id, layout, file, start, line, told)
        await _queue(
            db, caller.org_id, import_id, digest, filename, told, replace(layout, reasons=reasons), start, line
        )
        return ImportQueued(id=import_id, status="queued", links=_links(import_id))
    except BaseException as error:
        await _discard(db, caller.org_id, import_id)
        raise _as_problem(error) from error


def _actor(caller: Caller) -> str:
    return f"{caller.kind}:{caller.actor_id}" if caller.actor_id else caller.kind


def _as_problem(error: BaseException) -> BaseException:
    if isinstance(error, MappingRefused):
        fault = FieldProblem(f"?mapping{error.pointer}", "mapping_invalid", error.detail)
        return Problem(Code.PARAMETER_INVALID, "Mend the mapping.", [fault])
    if isinstance(error, LayoutRefused | EncodingUnknown):
        return Problem(Code.BODY_INVALID, f"The file cannot be read: {error}.")
    return error


def _mapping(told: str | None) -> Mapping:
    try:
        return read_mapping(told)
    except MappingRefused as error:
        raise _as_problem(error) from None


def _kind(request: Request) -> tuple[str, str | None]:
    """(media type, charset told). Raises Problem for what is no CSV, JSONL or form, and for what is too large."""
    kind, options = media_type(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" and kind not in FORMATS:
        raise Problem(
            Code.CONTENT_TYPE_UNSUPPORTED,
            "Send the file with Content-Type: text/csv or application/x-ndjson, or as multipart/form-data.",
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send the file uncompressed.")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > SIZE_LIMIT + 1024 * 1024:
        raise too_large()
    return kind, options.get("charset")


async def _begin(db: Database, org_id: UUID, import_id: UUID, filename: str | None, actor: str) -> None:
    async with db.batch([org_id]) as batch:
        if await queries.count_unfinished(batch, org_id) >= UNFINISHED_LIMIT:
            raise Problem(Code.LIMIT_REACHED, f"{UNFINISHED_LIMIT} imports are under way. Wait for one, or cancel one.")
        await queries.create(
            batch, org_id, import_id, status="receiving", filename=None, told={}, created_by=actor, at=now()
        )


async def _receive(
    request: Request, db: Database, org_id: UUID, import_id: UUID, kind: tuple[str, str | None]
) -> tuple[Upload, FormReader | None]:
    async def keep(start: int, part: bytes) -> None:
        async with db.batch([org_id]) as batch:
            await queries.add_part(batch, org_id, import_id, start, part, at=now())

    upload = Upload(keep, queries.PART_BYTES)
    form = FormReader(request.headers["content-type"], upload) if kind[0] == "multipart/form-data" else None
    try:
        async for chunk in request.stream():
            await (form.add(chunk) if form is not None else upload.add(chunk))
    except ClientDisconnect:
        raise Problem(Code.REQUEST_MALFORMED, "The upload ended before the file did. Nothing was kept.") from None
    return upload, form


def _charset(told: Mapping, charset: str | None) -> Mapping:
    """A charset other than UTF-8 is meant; charset=utf-8 is what clients add without looking."""
    if told.encoding is None and charset and charset.lower().replace("_", "-") not in ("utf-8", "us-ascii"):
        return replace(told, encoding=charset)
    return told


def _layout(upload: Upload, told: Mapping, format: Any) -> tuple[Layout, dict[str, str]]:
    choice = upload.scout.choose(told.encoding)
    head = upload.head[choice.bom :]
    layout = sniff(
        decode(head, choice.encoding), encoding=choice.encoding, bom=choice.bom,
        complete=upload.size <= len(upload.head), format=format, delimiter=told.delimiter, header=told.header,
    )  # fmt: skip
    reasons = {"encoding": choice.reason, **layout.reasons}
    if choice.broken:
        reasons["broken_bytes"] = f"{choice.broken} byte sequences that are not UTF-8, read as Windows-1252"
    if choice.replaced:
        reasons["broken_text"] = (
            f"{choice.replaced} characters were lost before the file came here (U+FFFD); kept as they are"
        )
    if choice.nuls:
        reasons["nul_characters"] = f"{choice.nuls} NUL characters are left out"
    return layout, reasons


def _file(layout: Layout, filename: str | None, size: int, digest: str, reasons: dict[str, str]) -> FileShown:
    delimiter = layout.delimiter if layout.format == "csv" and layout.delimiter.isprintable() else None
    return FileShown(
        filename=filename, format=layout.format, size_bytes=size, sha256=digest, encoding=layout.encoding,
        delimiter="\t" if layout.delimiter == "\t" else delimiter, header=layout.header, reasons=reasons,
    )  # fmt: skip


async def _dry_run(
    db: Database, org_id: UUID, import_id: UUID, layout: Layout, file: FileShown, start: int, line: int, told: Mapping
) -> DryRun:
    async def window(position: int) -> bytes:
        async with db.batch([org_id]) as batch:
            return await queries.read_bytes(batch, org_id, import_id, position, WINDOW_BYTES)

    shown = await dry_run(
        window, layout=layout, file=file, start=start, first_line=line, told=told, origin=Origin(org_id, now())
    )
    await _discard(db, org_id, import_id)
    return shown


async def _queue(
    db: Database, org_id: UUID, import_id: UUID, digest: str, filename: str | None, told: Mapping, layout: Layout,
    start: int, line: int,
) -> None:  # fmt: skip
    data = ImportContinues(import_id=import_id, position=start).model_dump(mode="json")
    async with db.batch([org_id]) as batch:
        await queries.receive(
            batch, org_id, import_id, status="queued", digest=digest, filename=filename, told=told.as_dict(),
            layout=layout.as_dict(), position=start, line=line, at=now(),
        )  # fmt: skip
        await publish(batch, [event(org_id, "ImportContinues", data, publisher="ingest")])


async def _discard(db: Database, org_id: UUID, import_id: UUID) -> None:
    async with db.batch([org_id]) as batch:
        await queries.discard(batch, org_id, import_id)


def _links(import_id: UUID) -> ImportLinks:
    return ImportLinks(self=f"/v1/imports/{import_id}", errors=f"/v1/imports/{import_id}/errors")


def _shown(row: ImportRow) -> ImportShown:
    ended = row.finished_at or now()
    seconds = (ended - row.started_at).total_seconds() if row.started_at else 0.0
    rate = row.rows_read / seconds if seconds > 0 and row.rows_read else None
    eta = None
    if rate and row.rows_total and row.finished_at is None:
        eta = now() + timedelta(seconds=(row.rows_total - row.rows_read) / rate)
    profile = row.profile or {}
    layout = Layout.from_dict(row.layout) if row.layout else None
    return ImportShown(
        id=row.id, status=row.status, filename=row.filename, size_bytes=row.size_bytes, rows_total=row.rows_total,
        rows_read=row.rows_read, accepted=row.accepted, duplicates=row.duplicates, revised=row.revised,
        rejected=row.rejected, error_counts=row.error_counts, notes=row.notes,
        rate=None if rate is None else round(rate, 1), eta=eta,
        file=None if layout is None else _file(layout, row.filename, row.size_bytes, row.digest or "", layout.reasons),
        mapping=profile.get("mapping"), columns=[ColumnShown(**one) for one in profile.get("columns", [])],
        reasons=profile.get("reasons", {}), warnings=[Warned(**one) for one in profile.get("warnings", [])],
        failure=row.failure, created_at=row.created_at, started_at=row.started_at, finished_at=row.finished_at,
        links=_links(row.id),
    )  # fmt: skip


async def _found(db: Database, org_id: UUID, import_id: UUID) -> ImportRow:
    async with db.transaction(org_id) as tx:
        row = await queries.load(tx, org_id, import_id)
    if row is None or row.status in queries.HIDDEN:
        raise Problem(Code.NOT_FOUND, "The organisation has no import of this id.")
    return row


@router.get("", dependencies=[needs("imports:read")])
async def list_imports(
    caller: Caller, db: Db, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> Page[ImportShown]:
    """Imports, newest first."""
    before = _import_place(cursor) if cursor else None
    async with db.transaction(caller.org_id) as tx:
        rows = await queries.newest(tx, caller.org_id, before=before, limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page(data=[_shown(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{import_id}", dependencies=[needs("imports:read")])
async def show_import(import_id: UUID, caller: Caller, db: Db) -> ImportShown:
    """An import and how far it has come."""
    return _shown(await _found(db, caller.org_id, import_id))


@router.get(
    "/{import_id}/errors",
    dependencies=[needs("imports:read")],
    response_model=Page[ErrorShown],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def list_errors(
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
    return _shown(await _found(db, caller.org_id, import_id))
