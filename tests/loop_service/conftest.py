"""Fixtures of the loop service: servers of its own, so that no other loop worker of the suite takes its work."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.database import Database
from tests.loop_service.feeding import Feeder
from tests.loop_service.outside import MailSink, Receiver, running_mail_sink, running_receiver
from tests.support.servers import Servers, running_servers
from tests.support.services import RunningService, running_service


@pytest.fixture(scope="session")
def loop_servers() -> Iterator[Servers]:
    """Real PostgreSQL and Valkey for these tests alone."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook receiver; each test uses a path of its own."""
    async with running_receiver() as running:
        yield running


@pytest.fixture(scope="session")
async def mail_sink() -> AsyncIterator[MailSink]:
    """A mail server; each test uses an address of its own."""
    async with running_mail_sink() as running:
        yield running


@pytest.fixture(scope="session")
async def loop(loop_servers: Servers, receiver: Receiver, mail_sink: MailSink) -> AsyncIterator[RunningService]:
    """The loop service with its worker, allowed to call the receiver, with a mail server."""
    async with running_service(
        "loop",
        loop_servers,
        webhook_allowed_hosts=receiver.host,
        webhook_timeout_s=2.0,
        smtp_host="127.0.0.1",
        smtp_port=mail_sink.port,
        smtp_tls="none",
        mail_from="cxloop <cxloop@example.com>",
        public_url="https://cx.example.com",
    ) as running:
        yield running


@pytest.fixture(scope="session")
async def feeder(loop_servers: Servers, loop: RunningService) -> AsyncIterator[Feeder]:
    """Publishes what the loop hears, as those who publish it."""
    url = loop_servers.database_url
    analysis = await Database.connect(url, role="cxloop_analysis", pool_size=2)
    gateway = await Database.connect(url, role="cxloop_gateway", pool_size=2)
    yield Feeder(loop_servers, loop, analysis, gateway)
    await analysis.close()
    await gateway.close()
