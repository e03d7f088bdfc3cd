"""What the API says about imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Status = Literal["queued", "running", "completed", "completed_with_errors", "failed", "cancelled"]


class ImportLinks(BaseModel):
    """Where to look next."""

    self: str
    errors: str


class ImportQueued(BaseModel):
    """202: the file is stored; its rows are read from now on."""

    id: UUID
    status: Status
    links: ImportLinks


class ColumnShown(BaseModel):
    """What becomes of one column and why. `confidence` is 0 to 1; 1 is told or certain."""

    name: str
    role: str | None = None
    metric: str | None = None
    scale: dict[str, Any] | None = None
    aspect: str | None = None
    reason: str
    confidence: float
    filled: int | None = Field(default=None, description="Cells that hold something; dry run only.")
    empty: int | None = None
    distinct: int | None = Field(default=None, description="Distinct values; null when there are more than 64.")
    min: float | None = None
    max: float | None = None
    longest: int | None = Field(default=None, description="Characters of the longest cell.")


class Warned(BaseModel):
    """Something a person should look at; the import goes on."""

    code: str
    column: str
    detail: str


class FileShown(BaseModel):
    """How the file was read, and why so."""

    filename: str | None
    format: Literal["csv", "jsonl"]
    size_bytes: int
    sha256: str
    encoding: str
    delimiter: str | None
    header: bool
    reasons: dict[str, str]


class ImportShown(BaseModel):
    """An import and how far it has come. Every row read is accepted, a duplicate, a revision or rejected."""

    id: UUID
    status: Status
    filename: str | None
    size_bytes: int
    rows_total: int | None = Field(description="Known after the first pass over the file.")
    rows_read: int
    accepted: int
    duplicates: int = Field(description="Rows that said nothing new: known by source and submission id.")
    revised: int = Field(description="Rows that changed feedback that was known.")
    rejected: int
    error_counts: dict[str, int] = Field(description="Faults by code; a row can have several.")
    notes: dict[str, int] = Field(description="What was left out or shortened in rows that were kept.")
    rate: float | None = Field(description="Rows a second.")
    eta: datetime | None = Field(description="When it will probably be done.")
    file: FileShown | None
    mapping: dict[str, Any] | None = Field(description="The mapping used, in the form in which one is given.")
    columns: list[ColumnShown]
    reasons: dict[str, str]
    warnings: list[Warned]
    failure: dict[str, str] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: ImportLinks


class ErrorShown(BaseModel):
    """One fault of one row: `row` counts data rows from 1, `line` the lines of the file."""

    row: int
    line: int
    column: str | None
    code: str
    detail: str


class DryRunRows(BaseModel):
    """What would become of the rows."""

    total: int
    checked: int
    valid: int
    rejected: int
    complete: bool = Field(description="False when the time of a request did not suffice for the whole file.")


class DryRunErrors(BaseModel):
    """Faults by code over all rows checked, and the first of them."""

    counts: dict[str, int]
    first: list[ErrorShown]


class DryRun(BaseModel):
    """200: what the file would become; nothing was stored."""

    dry_run: Literal[True] = True
    file: FileShown
    mapping: dict[str, Any]
    columns: list[ColumnShown]
    reasons: dict[str, str]
    warnings: list[Warned]
    rows: DryRunRows
    errors: DryRunErrors
    notes: dict[str, int]
    sample: list[dict[str, Any]] = Field(description="The first 20 rows as they would be stored.")
