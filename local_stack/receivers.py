"""What stands in for the outside world in the local stack: a mail server and a webhook receiver, with pages.

    python -m local_stack.receivers FOLDER SMTP_PORT HTTP_PORT

On loopback only. Pages: / and /mailbox (mails), /inbox (webhooks). JSON: /mailbox.json, /inbox.json.
Webhooks are taken at POST /hooks/NAME; PUT /hooks/NAME/secret tells the secret they are signed with.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from local_stack.inbox import NAME, Inbox
from local_stack.mailbox import MAX_MAIL_BYTES, Mailbox, smtp_protocol

LOOPBACK = "127.0.0.1"
LINK = re.compile(r"https?://[^\s<>&\"']+(?:&amp;[^\s<>&\"']+)*")
HEADERS = {
    # Mails and webhooks are a stranger's text: nothing in them may load or run anything.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
nav a { margin-right: 1rem; }
article { border: 1px solid #8886; border-radius: .5rem; padding: .75rem 1rem; margin: 1rem 0; }
h2 { font-size: 1.05rem; margin: 0 0 .25rem; } p.meta { margin: 0; opacity: .75; font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0 0; }
.verified { color: #0a7d33; } .refused { color: #b3261e; }
"""


def page(title: str, body: str) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head><body>'
        '<nav><a href="/mailbox">Mailbox</a><a href="/inbox">Webhook inbox</a></nav>'
        f"<main><h1>{title}</h1>{body}</main></body></html>"
    )
    return web.Response(text=text, content_type="text/html", headers=HEADERS)


def with_links(text: str) -> str:
    """Escaped text in which web addresses can be followed."""
    return LINK.sub(lambda found: f'<a href="{found[0]}" rel="noreferrer">{found[0]}</a>', html.escape(text))


def pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


class Receivers:
    """The HTTP side of both."""

    def __init__(self, folder: Path, port: int) -> None:
        self.mailbox = Mailbox(folder / "mailbox")
        self.inbox = Inbox(folder / "inbox")
        # A page of a stranger's site must not reach us under a name of its own (DNS rebinding).
        self._hosts = {f"{LOOPBACK}:{port}", f"localhost:{port}"}

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_MAIL_BYTES, middlewares=[self._known_host])
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._health)
        app.router.add_get("/", self._mail_page)
        app.router.add_get("/mailbox", self._mail_page)
        app.router.add_get("/mailbox.json", self._mail_json)
        app.router.add_get("/inbox", self._inbox_page)
        app.router.add_get("/inbox.json", self._inbox_json)
        app.router.add_put("/hooks/{box}/secret", self._learn)
        app.router.add_post("/hooks/{box}", self._take)
        return app

    @web.middleware
    async def _known_host(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.host not in self._hosts:
            raise web.HTTPMisdirectedRequest(text="Ask by the loopback address.")
        return await handler(request)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _mail_page(self, _request: web.Request) -> web.Response:
        mails = self.mailbox.newest()
        shown = "".join(
            f"<article><h2>{html.escape(mail.subject) or '(no subject)'}</h2>"
            f'<p class="meta">to {html.escape(", ".join(mail.recipients))} · from {html.escape(mail.sender)} · '
            f"{html.escape(mail.date)}</p><pre>{with_links(mail.text)}</pre></article>"
            for mail in mails
        )
        return page("Mailbox", shown or "<p>No mail yet. Every mail cxloop sends here arrives on this page.</p>")

    async def _mail_json(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": [mail.as_dict() for mail in self.mailbox.newest()]}, headers=HEADERS)

    async def _inbox_page(self, _request: web.Request) -> web.Response:
        shown = "".join(
            f"<article><h2>{html.escape(one.box)} "
            f'<span class="{one.verdict.split()[0]}">signature: {one.verdict}</span></h2>'
            f'<p class="meta">{one.at} · {html.escape(one.message_id)}</p>'
            f"<pre>{html.escape(pretty(one.body))}</pre></article>"
            for one in self.inbox.newest()
        )
        return page(
            "Webhook inbox", shown or "<p>No webhook yet. Point an endpoint at /hooks/NAME of this address.</p>"
        )

    async def _inbox_json(self, _request: web.Request) -> web.Response:
        return web.json_response({"data": [one.as_dict() for one in self.inbox.newest()]}, headers=HEADERS)

    async def _take(self, request: web.Request) -> web.Response:
        box = request.match_info["box"]
        if not NAME.fullmatch(box):
            return web.Response(status=404, text="A box is named by small letters, digits and hyphens.")
        received = self.inbox.take(box, request.headers, await request.read())
        # A real receiver refuses what is not signed by its secret; without a secret it cannot know.
        return web.Response(status=401 if received.verdict == "refused" else 204)

    async def _learn(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":  # a form of a stranger's page cannot send JSON
            return web.Response(status=415, text='Send {"secret": "whsec_…"} as application/json.')
        try:
            told = await request.json()
            self.inbox.learn(request.match_info["box"], str(told["secret"]))
        except (ValueError, KeyError, TypeError, RuntimeError):
            return web.Response(
                status=422, text='Send {"secret": "whsec_…"}; boxes are small letters, digits, hyphens.'
            )
        return web.Response(status=204)


async def serve(folder: Path, smtp_port: int, http_port: int) -> None:
    """Run both until SIGTERM or SIGINT."""
    receivers = Receivers(folder, http_port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    smtp = await loop.create_server(lambda: smtp_protocol(receivers.mailbox), LOOPBACK, smtp_port)
    runner = web.AppRunner(receivers.app(), access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, http_port).start()
    await stop.wait()
    smtp.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
