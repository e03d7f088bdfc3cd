"""One connection serves many mails; a server that ends it is called again, one that refuses a mail is believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from loop_service.notifications.smtp_line import Line
from loop_service.settings import LoopSettings
from tests.support.servers import Servers
from tests.support.services import environment


class Server:
    """Takes mails; says 421, or hangs up, before each mail of a connection after `per_connection`."""

    def __init__(self, *, per_connection: int = 1000, hang_up: bool = False) -> None:
        self.taken = self.connections = 0
        self._per_connection, self._hang_up = per_connection, hang_up
        self._mails: dict[int, int] = {}
        self._sessions: list[Any] = []

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, _options: Any) -> str:
        mails = self._mails[id(session)] = self._mails.get(id(session), 0) + 1
        self.connections += mails == 1
        self._sessions.append(session)  # so that no other gets the same id
        if mails > self._per_connection:
            if self._hang_up:
                server.transport.abort()
            return "421 enough for this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if b"refuse" in envelope.content:
            return "554 not this one"
        self.taken += 1
        return "250 OK"


@asynccontextmanager
async def line_to(server: Server, servers: Servers) -> AsyncIterator[Line]:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, loop=loop), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    settings = LoopSettings.load(**environment(servers, smtp_host="127.0.0.1", smtp_port=port))
    try:
        async with Line(settings) as line:
            yield line
    finally:
        listening.close()


def mail(text: str = "hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.org", "case"
    message.set_content(text)
    return message


async def test_one_connection_serves_many_mails(servers: Servers) -> None:
    server = Server()
    async with line_to(server, servers) as line:
        for _ in range(5):
            await line.send(mail())
    assert (server.taken, server.connections) == (5, 1)


@pytest.mark.parametrize("hang_up", [False, True])
async def test_a_server_that_ends_the_line_is_called_again(servers: Servers, hang_up: bool) -> None:
    server = Server(per_connection=2, hang_up=hang_up)
    async with line_to(server, servers) as line:
        for _ in range(5):
            await line.send(mail())
    assert (server.taken, server.connections) == (5, 3)


async def test_a_refused_mail_is_told_and_not_sent_again(servers: Servers) -> None:
    server = Server()
    async with line_to(server, servers) as line:
        await line.send(mail())
        with pytest.raises(aiosmtplib.SMTPDataError):
            await line.send(mail("refuse me"))
        await line.send(mail())
    assert (server.taken, server.connections) == (2, 2)


async def test_a_server_that_ends_every_line_is_not_called_for_ever(servers: Servers) -> None:
    server = Server(per_connection=0)
    async with line_to(server, servers) as line:
        with pytest.raises(aiosmtplib.SMTPResponseException):
            await line.send(mail())
    assert (server.taken, server.connections) == (0, 1)
