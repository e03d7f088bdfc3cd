"""The user's own file through /v1/imports: first what was understood of it, then the import, with progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from local_stack.demo.client import Client, DemoError

CHUNK = 1 << 20
RUNNING = {"uploading", "queued", "running"}


async def import_file(client: Client, console: Console, path: Path, mapping: str) -> None:
    """Show how the file is understood, import it, and tell which rows were not taken and why."""
    kind = "application/x-ndjson" if path.suffix.lower() in {".jsonl", ".ndjson"} else "text/csv"
    params = {"filename": path.name}
    if mapping:
        params["mapping"] = mapping
    seen = await client.call(
        "POST", "/v1/imports", data=_chunks(path), params={**params, "dry_run": "true"}, headers={"content-type": kind}
    )
    console.print(_understood(seen))
    for warned in seen["warnings"]:
        about = f"[yellow]{escape(str(warned['column']))}[/]: " if warned["column"] else ""
        console.print(f"  {about}{escape(str(warned['detail']))}")
    job = await client.call("POST", "/v1/imports", data=_chunks(path), params=params, headers={"content-type": kind})
    with Progress(
        SpinnerColumn(),
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("importing", total=None)
        while job["status"] in RUNNING:
            await asyncio.sleep(0.2)
            job = await client.call("GET", f"/v1/imports/{job['id']}")
            progress.update(task, total=job.get("rows_total"), completed=job.get("rows_read") or 0)
    taken = job["accepted"] + job.get("revised", 0)
    rest = f"{job['duplicates']:,} seen before, {job['rejected']:,} refused"
    console.print(f"{job['rows_read']:,} rows read: {taken:,} taken, {rest}")
    if job["rejected"]:
        console.print(await _refusals(client, str(job["id"])))
    if job["status"] not in {"completed", "completed_with_errors"}:
        raise DemoError(
            f"the import ended as {job['status']}: {(job['failure'] or {}).get('detail', 'the log says why')}"
        )


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _understood(seen: dict[str, Any]) -> Table:
    table = Table(
        title=f"How the file is read: {_layout(seen)} (change it with MAP=)",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2),
    )
    for column in ("column", "becomes", "because"):
        table.add_column(column, overflow="fold", max_width=60)
    for one in seen["columns"]:
        table.add_row(escape(str(one["name"])), escape(_target(one)), escape(str(one["reason"])))
    return table


def _layout(seen: dict[str, Any]) -> str:
    parts = [f"encoding {seen['file']['encoding']}"]
    if seen["file"]["delimiter"]:
        parts.append(f"delimiter {seen['file']['delimiter']!r}")
    if seen["mapping"].get("date_order"):
        parts.append(f"dates {seen['mapping']['date_order']}")
    parts.append(f"time zone {seen['mapping'].get('timezone', 'UTC')}")
    return ", ".join(parts)


def _target(column: dict[str, Any]) -> str:
    role = str(column["role"] or "left out")
    if column["metric"]:
        role = str(column["metric"])
        scale = column["scale"] or {}
        if scale:
            role += f" {scale['min']:g}–{scale['max']:g}"
        if column["aspect"]:
            role += f" of {column['aspect']}"
    return role


async def _refusals(client: Client, import_id: str) -> Table:
    answer = await client.call("GET", f"/v1/imports/{import_id}/errors", params={"limit": "8"})
    table = Table(title="Rows that were refused (the first)", title_justify="left", box=None, padding=(0, 2))
    for column in ("row", "column", "why"):
        table.add_column(column)
    for one in answer["data"]:
        table.add_row(str(one["row"]), escape(str(one.get("column") or "")), escape(str(one["detail"])))
    return table
