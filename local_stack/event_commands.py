"""`cxloop events …`: what waits, what is dead and why, and sending it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from local_stack.standing import standing_environment

Result = TypeVar("Result")
app = typer.Typer(no_args_is_help=True, help="Deliveries of events: list, dead, show, replay.")
Of = Annotated[str, typer.Option("--of", help="Which stack: up or demo; the running one when left out.")]


def _with_database(of: str, act: Callable[[Any], Awaitable[Result]]) -> Result:
    from shared.database.engine import Database

    async def run(url: str) -> Result:
        database = await Database.connect(url, role=None, pool_size=2, application_name="cxloop events")
        try:
            return await act(database)
        finally:
            await database.close()

    with standing_environment(of) as environment:
        return asyncio.run(run(environment["DATABASE_URL"]))


def _show(rows: list[dict[str, Any]], empty: str) -> None:
    if not rows:
        print(empty)
        return
    table = Table(*[name.replace("_", " ") for name in rows[0]])
    for row in rows:
        table.add_row(*["" if value is None else str(value) for value in row.values()])
    Console().print(table)


@app.command("list")
def list_deliveries(of: Of = "") -> None:
    """Count deliveries by queue, listener and state."""
    from local_stack import dead_letters

    _show(_with_database(of, dead_letters.summary), "No events yet.")


@app.command()
def dead(of: Of = "", limit: int = 50) -> None:
    """Show deliveries that were given up, with the reason."""
    from local_stack import dead_letters

    rows = _with_database(of, lambda database: dead_letters.listed(database, state="dead", limit=limit))
    _show(rows, "Nothing is dead.")


@app.command()
def show(event: UUID, of: Of = "") -> None:
    """Show one event and its deliveries as JSON, personal text included."""
    from local_stack import dead_letters

    rows = _with_database(of, lambda database: dead_letters.shown(database, event))
    if not rows:
        typer.echo("There is no event with this id.", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(rows, indent=2, default=str, ensure_ascii=False))


@app.command()
def replay(
    events: Annotated[list[UUID] | None, typer.Argument(help="Event ids; with none, --all is needed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is dead.")] = False,
    of: Of = "",
) -> None:
    """Send dead deliveries again; the workers take them within seconds."""
    from local_stack import dead_letters

    if not events and not everything:
        typer.echo("Name event ids, or say --all.", err=True)
        raise typer.Exit(2)
    number = _with_database(of, lambda database: dead_letters.replay(database, events or None))
    typer.echo(f"{number} deliveries will be tried again.")
