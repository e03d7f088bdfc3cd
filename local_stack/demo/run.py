"""`cxloop demo`: the way from a cold folder to a report a person enjoys.

1. Start the stack; make an organisation of its own, its keys, a member, a webhook to the stack's own inbox.
2. Send the story through the public API and the widget's endpoint, or the user's file through /v1/imports.
3. Wait until every event is settled; ask the API; print; write `.local/demo.json` (mode 600).
4. Serve until interrupted, or end after the report (`once`).
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local_stack.binaries import InfrastructureError
from local_stack.demo.asking import ask
from local_stack.demo.client import Client, DemoError, tell_secret
from local_stack.demo.importing import import_file
from local_stack.demo.report import addresses, render
from local_stack.demo.settling import settled
from local_stack.demo.story import story
from local_stack.keyring import write_private
from local_stack.places import LOCAL, ROOT
from local_stack.stack import Stack
from shared.foundation.clock import now

OWNER_EMAIL = "owner@example.com"
INBOX = "demo"
LINK_VALID_S = 30 * 24 * 3600


def run_demo(*, file: str = "", mapping: str = "", once: bool = False) -> int:
    """Run the demo; returns the exit code. Every expected failure is one sentence, not a traceback."""
    console = Console(highlight=False)
    try:
        return asyncio.run(_Demo(console, file, mapping, once).run())
    except (InfrastructureError, DemoError) as refused:
        console.print(f"[bold red]cxloop demo:[/] {refused}")
        return 1
    except KeyboardInterrupt:
        return 130


class _Demo:
    def __init__(self, console: Console, file: str, mapping: str, once: bool) -> None:
        self.console = console
        self.file = Path(file).expanduser() if file else None
        self.mapping = mapping
        self.once = once
        self.seconds: dict[str, float] = {}
        self.stack = Stack("demo", tell=lambda line: console.print(f"  [dim]{line}[/]"))

    async def run(self) -> int:
        if self.file is not None and not self.file.is_file():
            raise DemoError(
                f"there is no file {self.file}. Give the path of a CSV or JSONL file: make demo FILE=reviews.csv"
            )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        work = asyncio.create_task(self._work())
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
                self.console.print("Interrupted; ending.")
                return 130
            await work
            if self.once:
                return 0
            self.console.print("Serving until you press Ctrl-C …")
            await stopped
            self.console.print("Ending …")
            return 0
        finally:
            stopped.cancel()
            await self.stack.stop()

    async def _work(self) -> None:
        begun = time.monotonic()
        self.console.print("[bold]Starting cxloop[/]")
        await self.stack.start()
        # Only now: until the stack has this folder to itself, the file belongs to the demo that runs in it.
        (LOCAL / "demo.json").unlink(missing_ok=True)
        self.seconds["start"] = time.monotonic() - begun
        name = f"Demo with {self.file.name}" if self.file else "Demo"
        first = self._gateway("keys", "create", "--new-organization", name, "--name", "demo", "--json")
        organization_id, secret = str(first["organization_id"]), str(first["key"])
        async with Client(self.stack.gateway_url, secret) as client:
            publishable = await self._prepare(client)
            if self.file is None:
                title = "Ninety days of feedback"
                await self._send_story(client, publishable)
            else:
                title = self.file.name
                await self._timed("import", import_file(client, self.console, self.file, self.mapping))
            await self._timed("understand and act", self._settle(organization_id))
            found = await ask(client, title)
            found.seconds = {**self.seconds, "in all": time.monotonic() - begun}
            link = await client.call(
                "POST",
                "/v1/sign-in-links",
                body={"email": OWNER_EMAIL, "reusable": True, "expires_in": LINK_VALID_S},
            )
        links = {
            "dashboard": str(link["url"]),
            "API docs": f"{self.stack.gateway_url}/docs",
            "mails sent": self.stack.mailbox_url,
            "webhooks sent": self.stack.inbox_url,
            "keys": str((LOCAL / "demo.json").relative_to(ROOT))
            if LOCAL.is_relative_to(ROOT)
            else str(LOCAL / "demo.json"),
        }
        self.console.print(render(found))
        if self.once:
            self.console.print("  ONCE=1: cxloop ends now. Without it, it serves the dashboard until Ctrl-C.")
        else:
            for line in addresses(links):
                self.console.print(line, soft_wrap=True)
        write_private(
            LOCAL / "demo.json",
            {
                "gateway_url": self.stack.gateway_url,
                "secret_key": secret,
                "publishable_key": publishable,
                "dashboard_url": str(link["url"]),
                "organization_id": organization_id,
            },
        )

    async def _prepare(self, client: Client) -> str:
        """A publishable key for pages of this gateway, a member who owns cases, a webhook to our own inbox."""
        origin = self.stack.gateway_url
        made = await client.call(
            "POST",
            "/v1/api-keys",
            body={"kind": "publishable", "name": "demo widget", "allowed_origins": [origin, "http://localhost:8000"]},
        )
        await client.call("POST", "/v1/members", body={"email": OWNER_EMAIL, "name": "Demo owner", "role": "owner"})
        if self.stack.inbox_url:
            hook = self.stack.inbox_url.replace("/inbox", f"/hooks/{INBOX}")
            endpoint = await client.call(
                "POST",
                "/v1/webhook-endpoints",
                body={"url": hook, "events": ["case.opened", "case.changed"], "description": "The demo's own inbox"},
            )
            await tell_secret(f"{hook}/secret", str(endpoint["secret"]))
        return str(made["key"])

    async def _send_story(self, client: Client, publishable: str) -> None:
        told = story(now())
        batches = [one.body for one in told if not one.via_widget]
        answers = [one.body for one in told if one.via_widget]
        begun = time.monotonic()
        with self._progress() as progress:
            task = progress.add_task("sending feedback", total=len(told))
            advance: Callable[[int], None] = lambda count: progress.advance(task, count)  # noqa: E731 - a one-line callback
            async with asyncio.TaskGroup() as group:
                group.create_task(client.send_batches(batches, advance))
                group.create_task(client.send_responses(answers, publishable, self.stack.gateway_url, advance))
        self.seconds["send"] = time.monotonic() - begun

    async def _settle(self, organization_id: str) -> None:
        with self._progress() as progress:
            task = progress.add_task("understanding, opening cases, telling people", total=None)

            def show(pending: int, most: int) -> None:
                progress.update(task, total=most or None, completed=most - pending)

            await settled(self.stack, organization_id, show)

    def _progress(self) -> Progress:
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )

    async def _timed(self, what: str, work: Any) -> None:
        begun = time.monotonic()
        await work
        self.seconds[what] = time.monotonic() - begun

    def _gateway(self, *arguments: str) -> dict[str, Any]:
        """Run a command of the gateway with the stack's settings."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            env=self.stack.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DemoError(f"`gateway {' '.join(arguments[:2])}` failed: {done.stderr.strip()[-300:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
