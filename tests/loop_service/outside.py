"""The world outside for tests: a webhook receiver, a mail server, a stand-in for the analysis service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


async def fine(_request: web.Request, _body: bytes) -> web.StreamResponse:
    """Take it."""
    return web.Response(text="thanks")


def answers(status: int, **headers: str) -> Behaviour:
    """Always answer with this status."""

    async def behave(_request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return behave


@dataclass
class Receiver:
    """A real HTTP server; each path behaves as told (default: 200) and remembers its calls."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path}"

    def at(self, path: str) -> list[Call]:
        """The calls of one path, in the order they came."""
        return [call for call in self.calls if call.path == f"/{path}"]

    async def hang(self, _request: web.Request, _body: bytes) -> web.StreamResponse:
        """Answer only when the test lets go."""
        await self.released.wait()
        return web.Response()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.calls.append(Call(request.path, {k.lower(): v for k, v in request.headers.items()}, body))
        return await self.behaviours.get(request.path.lstrip("/"), fine)(request, body)


@asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of the loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver._take)
    async with served(app) as port:
        receiver.port = port
        yield receiver
        receiver.released.set()


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """Serve an aiohttp application on a free port of the loopback; yields the port."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sockets: Any = site._server
    yield sockets.sockets[0].getsockname()[1]
    await runner.cleanup()


@dataclass
class MailSink:
    """A real SMTP server that keeps what it gets; addresses starting with "refused" are refused."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    refuse_next: int = 0

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        if to.startswith("refused"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.refuse_next:
            self.refuse_next -= 1
            return "451 try again later"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to one address."""
        return [mail for mail in self.mails if address in str(mail["to"])]


@asynccontextmanager
async def running_mail_sink() -> AsyncIterator[MailSink]:
    """A mail server on a free port of the loopback."""
    sink = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True), "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    yield sink
    server.close()
    await server.wait_closed()
