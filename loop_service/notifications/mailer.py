"""The mailer: takes due mails, gives them to the mail server, writes down what happened (aiosmtplib).

1. Ask as the sweeper which organisations have a mail due.
2. One transaction: lease some mails, and look up where their members are reached now.
3. Send them over a few lines, outside any transaction.
4. One transaction per mail: sent, due again by schedule, or dead.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import aiosmtplib

from loop_service.cases.bulk import people_of
from loop_service.cases.opened import PersonRow
from loop_service.notifications.due import DueMail, lease_due, organisations_due, settle
from loop_service.notifications.letter import AddressInvalid, address, letter, sender
from loop_service.notifications.retries import next_attempt
from loop_service.notifications.smtp_line import TIMEOUT_S, Line
from loop_service.settings import LoopSettings
from shared.database.engine import Database
from shared.database.failures import is_temporary
from shared.database.migrate import SWEEPER
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.foundation.settings import SettingsError
from shared.messaging.retry import describe
from shared.messaging.work import Handling
from shared.telemetry.logs import log
from shared.telemetry.names import EMAILS
from shared.telemetry.tracing import client_span

TOGETHER = 4
AT_ONCE = 40
LEASE = timedelta(seconds=AT_ONCE / TOGETHER * TIMEOUT_S + 30)
PAUSE_S = 1.0
RESOURCE = "mailer"


class Refused(Exception):
    """The mail cannot be delivered, now or ever; the text holds no address."""


class Mailer:
    """Runs in the worker; `wake` may be called from anywhere in its event loop."""

    def __init__(self, database: Database, settings: LoopSettings) -> None:
        self._database = database
        self._settings = settings
        try:
            self._from = sender(settings.mail_from)
        except AddressInvalid:
            raise SettingsError("LOOP_MAIL_FROM (or MAIL_FROM): needs `address` or `Name <address>`") from None
        self._bell = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="mailer")

    async def stop(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop

    def wake(self) -> None:
        """Something became due."""
        self._bell.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), PAUSE_S)
            self._bell.clear()
            try:
                if self._settings.smtp_host:
                    await self._round()
            except Exception as error:
                if not is_temporary(error):
                    log.error("mailer.round_failed", error=describe(error))

    async def _round(self) -> None:
        at = now()
        async with self._database.batch([], role=SWEEPER) as batch:
            org_ids = await organisations_due(batch, at, limit=100)
        if not org_ids:
            return
        async with self._database.batch(org_ids) as batch:
            mails = await lease_due(batch, org_ids, at=at, until=at + LEASE, lease=new_id(), limit=AT_ONCE)
            people = await people_of(batch, org_ids)
        known = {(person.org_id, person.member_id): person for found in people.values() for person in found}
        waiting = deque(mails)
        await asyncio.gather(*(self._send_some(waiting, known) for _ in range(min(TOGETHER, len(mails)))))
        if len(mails) == AT_ONCE:
            self.wake()

    async def _send_some(self, waiting: deque[DueMail], known: Mapping[tuple[UUID, UUID], PersonRow]) -> None:
        async with Line(self._settings) as line:
            while waiting:
                due = waiting.popleft()
                await self._send_one(due, known.get((due.org_id, due.member_id)), line)

    async def _send_one(self, due: DueMail, person: PersonRow | None, line: Line) -> None:
        reason, final = await self._tried(due, person, line)
        at = now()
        again = None if final else next_attempt(due.attempts + 1, at)
        state = "sent" if reason is None else "pending" if again else "dead"
        EMAILS.labels(state).inc()
        async with self._database.batch([due.org_id]) as batch:
            await settle(
                batch, due.org_id, due, state=state, reason=reason, next_at=again if state == "pending" else None, at=at
            )

    async def _tried(self, due: DueMail, person: PersonRow | None, line: Line) -> tuple[str | None, bool]:
        """(what went wrong or None, whether trying again is useless)."""
        if person is None or not person.active:
            return "the owner is not an active member (any more)", True
        span = client_span("mail", due.trace)
        try:
            await line.send(self._letter(due, person))
            return None, False
        except (AddressInvalid, Refused) as refused:
            return str(refused), True
        except aiosmtplib.SMTPResponseException as answer:
            # a refused sign-in or sender is our own mistake, which a person can mend: try again
            ours = isinstance(answer, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPSenderRefused)
            return f"the mail server answered {answer.code}", not ours and 500 <= answer.code < 600
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [one.code for one in refused.recipients]
            return f"the mail server refused the recipient ({codes[0] if codes else '?'})", all(
                500 <= code < 600 for code in codes
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as away:
            return f"the mail server cannot be reached ({type(away).__name__})", False
        finally:
            span.end()

    def _letter(self, due: DueMail, person: PersonRow) -> EmailMessage:
        return letter(
            mail_id=due.id,
            kind=due.kind,
            case=due.data,
            to=address(person.email, person.name),
            from_=self._from,
            public_url=self._settings.public_url,
            at=now(),
        )


def wake_mailer(handling: Handling) -> None:
    """Wake the mailer of this worker, where there is one."""
    mailer = handling.resources.get(RESOURCE)
    if isinstance(mailer, Mailer):
        mailer.wake()
