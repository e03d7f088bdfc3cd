"""`cxloop`: one command for a whole cxloop on this machine, and for a person who runs one."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from typing import Annotated, Any

import typer
from rich.console import Console

from local_stack import event_commands
from local_stack.binaries import InfrastructureError
from local_stack.places import LOCAL, ROOT, USES, shown
from local_stack.stack import Stack, stop_stack, until_signal
from local_stack.standing import allow_logins, standing_environment

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Feedback in, insight and action out: run cxloop on this machine, look after one that runs.",
)
app.add_typer(event_commands.app, name="events")
console = Console(highlight=False)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
MARKS = {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "bad": "[red]✗[/]"}


def tell(line: str) -> None:
    """One line of progress."""
    console.print(f"  [green]✓[/] {line}" if "ended" not in line else f"  [yellow]•[/] {line}")


def _greeting(stack: Stack, begun: float) -> None:
    places = [
        ("dashboard", f"{stack.gateway_url}/dashboard"),
        ("API reference", f"{stack.gateway_url}/docs"),
        ("mailbox", stack.mailbox_url),
        ("webhook inbox", stack.inbox_url),
        ("logs", shown(stack.home / "logs")),
    ]
    console.print(f"\n[bold]cxloop is up[/] at [bold]{stack.gateway_url}[/] after {time.monotonic() - begun:.1f} s\n")
    for name, place in places:
        if place:
            console.print(f"  {name:<14} {place}")
    console.print("\n  A first key:   .venv/bin/cxloop keys create --new-organization 'My company'")
    console.print("  Ctrl-C ends it; nothing is lost.\n")


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the gateway; a free one when left out.")] = None,
    traces: Annotated[bool, typer.Option(help="Write OpenTelemetry spans to .local/up/traces.")] = False,
) -> None:
    """Run cxloop without demo data until Ctrl-C."""
    begun = time.monotonic()
    stack = Stack("up", port=port, traces=traces, tell=tell)
    console.print("Starting cxloop …")
    asyncio.run(until_signal(stack, lambda ready: _greeting(ready, begun)))
    console.print("cxloop has ended.")


@app.command()
def demo(
    file: Annotated[str, typer.Option(help="Your own CSV export instead of the demo data.")] = "",
    mapping: Annotated[str, typer.Option("--map", help="Which column is what: 'score=nps,text=comment'.")] = "",
    once: Annotated[bool, typer.Option(help="End after the report instead of serving.")] = False,
) -> None:
    """Run cxloop with 90 days of demo feedback, or with your own file, and print a report."""
    story = importlib.import_module("local_stack.demo")  # late: it brings an HTTP client
    raise typer.Exit(story.run_demo(file=file, mapping=mapping, once=once))


@app.command()
def stop() -> None:
    """End a running `up` or `demo` of this folder."""
    ended = [use for use in USES if stop_stack(LOCAL / use)]
    console.print(f"Ended: {', '.join(ended)}." if ended else "Nothing was running.")


@app.command()
def doctor() -> None:
    """Say in words what is missing or wrong on this machine."""
    from local_stack.doctor import examine

    bad = 0
    for finding in examine(os.environ):
        bad += finding.verdict == "bad"
        console.print(f"  {MARKS[finding.verdict]} {finding.words}", soft_wrap=True)
    console.print("\nSomething must be mended first." if bad else "\ncxloop can run here.")
    raise typer.Exit(1 if bad else 0)


@app.command()
def migrate(
    quiet: Annotated[bool, typer.Option(help="Say nothing when all is well.")] = False,
    logins: Annotated[bool, typer.Option(help="Let each service log in under its own role (trusted sockets).")] = False,
) -> None:
    """Bring the tables of all services up to date (DATABASE_URL, or the embedded database)."""
    from shared.database.migrate import migrate as bring_up_to_date

    given = os.environ.get("DATABASE_URL", "")
    with nullcontext({"DATABASE_URL": given}) if given else standing_environment() as environment:
        url = environment.get("DATABASE_URL", "")
        if not url:
            raise InfrastructureError("Migrating needs DATABASE_URL, the URL of the database's owner: set it.")
        moved = asyncio.run(bring_up_to_date(url))
        if logins:
            asyncio.run(allow_logins(url))
    if not quiet:
        console.print(f"Brought up to date: {', '.join(moved)}." if moved else "The tables were up to date.")


def _delegate(words: list[str], of: str = "") -> None:
    """Run a command of the gateway in its own process, with the environment of the stack."""
    asked_for_help = any(word in ("-h", "--help") for word in words)
    with nullcontext(dict(os.environ)) if asked_for_help else standing_environment(of) as environment:
        told = {**environment, "CXLOOP_PROGRAM": "cxloop"}
        done = subprocess.run([sys.executable, "-m", "gateway", *words], env=told, cwd=ROOT, check=False)
    raise typer.Exit(done.returncode)


@app.command(context_settings=PASS_ON, add_help_option=False)
def keys(context: typer.Context, of: event_commands.Of = "") -> None:
    """API keys: create, list, revoke (see `cxloop keys create --help`)."""
    _delegate(["keys", *(context.args or ["--help"])], of)


@app.command(context_settings=PASS_ON, add_help_option=False)
def members(context: typer.Context, of: event_commands.Of = "") -> None:
    """Members of an organisation (see `cxloop members --help`)."""
    _delegate(["members", *(context.args or ["--help"])], of)


@app.command(context_settings=PASS_ON, add_help_option=False)
def organizations(context: typer.Context, of: event_commands.Of = "") -> None:
    """Organisations (see `cxloop organizations --help`)."""
    _delegate(["organizations", *(context.args or ["--help"])], of)


@app.command()
def openapi() -> None:
    """Write the public API document again (gateway/forwarding/openapi.json)."""
    done = subprocess.run([sys.executable, "-m", "tests.support.openapi"], cwd=ROOT, check=False)
    raise typer.Exit(done.returncode)


@app.command("env-example")
def env_example() -> None:
    """Write .env.example again from the services' settings."""
    from local_stack import settings_reference

    settings_reference.PATH.write_text(settings_reference.env_example())
    console.print("Wrote .env.example.")


@app.command("new-env")
def new_env() -> None:
    """Write a .env with fresh secrets for docker compose; never over an existing one."""
    from local_stack import settings_reference
    from local_stack.keyring import new_env_file

    target = ROOT / ".env"
    if target.exists():
        raise InfrastructureError("There is a .env already: edit it, or move it away for a new one.")
    target.touch(mode=0o600)
    target.write_text(new_env_file(settings_reference.PATH.read_text()))
    console.print("Wrote .env with fresh secrets; keep it to yourself.")


def main(words: list[str] | None = None) -> Any:
    """The command line; an InfrastructureError is one sentence for a person, not a traceback."""
    try:
        return app(words, prog_name="cxloop")
    except InfrastructureError as failure:
        console.print(f"[red]✗[/] {failure}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
