"""An import as the API shows it: figures, rate, time left, the mapping used and why (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from ingest_service.imports.layout import Layout
from ingest_service.imports.schemas import ColumnShown, FileShown, ImportLinks, ImportShown, Warned
from ingest_service.imports.tables import ImportRow


def file_shown(layout: Layout, *, filename: str | None, size: int, digest: str) -> FileShown:
    """How the file is read."""
    delimiter = layout.delimiter if layout.format == "csv" and layout.delimiter.isprintable() else None
    return FileShown(
        filename=filename, format=layout.format, size_bytes=size, sha256=digest, encoding=layout.encoding,
        delimiter="\t" if layout.delimiter == "\t" else delimiter, header=layout.header, reasons=layout.reasons,
    )  # fmt: skip


def links(import_id: UUID) -> ImportLinks:
    """Where an import and its errors are found."""
    return ImportLinks(self=f"/v1/imports/{import_id}", errors=f"/v1/imports/{import_id}/errors")


def import_shown(row: ImportRow, at: datetime) -> ImportShown:
    """The import as it stands `at` this time."""
    ended = row.finished_at or at
    seconds = (ended - row.started_at).total_seconds() if row.started_at else 0.0
    rate = row.rows_read / seconds if seconds > 0 and row.rows_read else None
    eta = None
    if rate and row.rows_total and row.finished_at is None:
        eta = at + timedelta(seconds=(row.rows_total - row.rows_read) / rate)
    profile = row.profile or {}
    layout = Layout.from_dict(row.layout) if row.layout else None
    file = None
    if layout is not None:
        file = file_shown(layout, filename=row.filename, size=row.size_bytes, digest=row.digest or "")
    return ImportShown(
        id=row.id, status=row.status, filename=row.filename, size_bytes=row.size_bytes, rows_total=row.rows_total,
        rows_read=row.rows_read, accepted=row.accepted, duplicates=row.duplicates, revised=row.revised,
        rejected=row.rejected, error_counts=row.error_counts, notes=row.notes,
        rate=None if rate is None else round(rate, 1), eta=eta,
        file=file, mapping=profile.get("mapping"), columns=[ColumnShown(**one) for one in profile.get("columns", [])],
        reasons=profile.get("reasons", {}), warnings=[Warned(**one) for one in profile.get("warnings", [])],
        failure=row.failure, created_at=row.created_at, started_at=row.started_at, finished_at=row.finished_at,
        links=links(row.id),
    )  # fmt: skip
