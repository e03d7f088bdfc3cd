"""The sender: takes due deliveries, calls the receivers, writes down what happened.

1. Ask as the sweeper which organisations have something due.
2. One transaction: lease some deliveries, at most four per endpoint, one for an endpoint that is failing.
3. Call, each in a task of its own, outside any transaction: an endpoint that hangs holds its own few calls
   and nobody else's.
4. One transaction per call: the attempt, and delivered, due again by the schedule, or dead.

It is woken right after a commit that made something due; a timer finds the rest. A process that dies in
step 3 loses only its leases: the delivery is due again when they end (a receiver may then see it twice,
with the same webhook-id).
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from uuid import UUID

from loop_service.webhooks.due import Due, lease_due, organisations_due, settle
from loop_service.webhooks.outbound import TIMEOUT_S, Outbound, Reply
from loop_service.webhooks.schedule import Result, decide
from loop_service.webhooks.signing import signed_headers
from shared.database.engine import Database
from shared.database.failures import is_temporary
from shared.database.migrate import SWEEPER
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.foundation.sealing import SecretUnreadable, Vault
from shared.messaging.retry import describe
from shared.messaging.work import Handling
from shared.telemetry.logs import log
from shared.telemetry.names import WEBHOOK_ATTEMPTS
from shared.telemetry.tracing import client_span

PER_ENDPOINT = 4
IN_ALL = 100
ORGANISATIONS = 500
LEASE = timedelta(seconds=TIMEOUT_S + 30)
CHAIN_S = 3.0
"""How long one task may go on with deliveries of the same endpoint before it gives its place to others."""
PAUSE_S = 0.5
GRACE_S = 5.0

RESOURCE = "webhook_sender"


def message_name(message_id: UUID) -> str:
    """`webhook-id`: the same for every attempt, so that a receiver can tell a repetition."""
    return f"msg_{message_id.hex}"


class Sender:
    """Runs in the worker; `wake` may be called from anywhere in its event loop."""

    def __init__(self, database: Database, outbound: Outbound, vault: Vault) -> None:
        self._database = database
        self._outbound = outbound
        self._vault = vault
        self._bell = asyncio.Event()
        self._calls: dict[asyncio.Task[None], UUID] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="webhook-sender")

    async def stop(self) -> None:
        """Take nothing new; calls under way get a few seconds, then their leases."""
        self._stopping = True
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        if self._calls:
            await asyncio.wait(self._calls, timeout=GRACE_S)
        for call in list(self._calls):
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def wake(self) -> None:
        """Something became due."""
        self._bell.set()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), PAUSE_S)
            self._bell.clear()
            try:
                await self._round()
            except Exception as error:
                if not is_temporary(error):
                    log.error("webhooks.round_failed", error=describe(error))

    async def _round(self) -> None:
        room = IN_ALL - len(self._calls)
        if room <= 0:
            return
        at = now()
        async with self._database.batch([], role=SWEEPER) as batch:
            org_ids = await organisations_due(batch, at, limit=ORGANISATIONS)
        if not org_ids:
            return
        busy = Counter(self._calls.values())
        async with self._database.batch(org_ids) as batch:
            leased = await lease_due(
                batch,
                org_ids,
                at=at,
                until=at + LEASE,
                lease=new_id(),
                busy=busy,
                per_endpoint=PER_ENDPOINT,
                limit=room,
            )
        for due in leased:
            call = asyncio.create_task(self._deliver(due), name="webhook-call")
            self._calls[call] = due.endpoint_id
            call.add_done_callback(self._called)

    def _called(self, call: asyncio.Task[None]) -> None:
        self._calls.pop(call, None)
        self.wake()

    async def _deliver(self, due: Due) -> None:
        """One call, and while it goes well the next ones of the same endpoint, for a moment."""
        upcoming: Due | None = due
        until = monotonic() + CHAIN_S
        try:
            while upcoming is not None:
                upcoming = await self._deliver_one(upcoming, go_on=monotonic() < until)
        except Exception as error:
            # The lease ends by itself; the delivery is due again then.
            if not is_temporary(error):
                log.error("webhooks.delivery_failed", delivery_id=str(due.id), error=describe(error))

    async def _deliver_one(self, due: Due, *, go_on: bool) -> Due | None:
        """Call, settle, and with the same transaction take the next delivery of this endpoint."""
        at = now()
        reply = await self._call(due)
        ended = now()
        decision = decide(
            status=reply.status,
            attempt=due.step + 1,
            at=ended,
            chance=random.random(),  # noqa: S311 - jitter, not a secret
            retry_after=reply.retry_after,
            failing_since=due.failing_since,
        )
        WEBHOOK_ATTEMPTS.labels(decision.result).inc()
        following: list[Due] = []
        async with self._database.batch([due.org_id]) as batch:
            await settle(batch, due.org_id, due, reply=reply, decision=decision, at=at)
            if go_on and decision.result is Result.DELIVERED and not self._stopping:
                following = await lease_due(
                    batch,
                    [due.org_id],
                    at=ended,
                    until=ended + LEASE,
                    lease=new_id(),
                    busy={},
                    per_endpoint=1,
                    limit=1,
                    endpoint_id=due.endpoint_id,
                )
        if decision.disable is not None:
            log.warning("webhooks.endpoint_disabled", endpoint_id=str(due.endpoint_id), org_id=str(due.org_id))
        return following[0] if following else None

    async def _call(self, due: Due) -> Reply:
        try:
            secrets = [self._vault.open(due.secret)]
            if due.previous_secret and due.previous_secret_until and due.previous_secret_until > now():
                secrets.append(self._vault.open(due.previous_secret))
        except SecretUnreadable as unreadable:
            return Reply(None, str(unreadable), None, None, 0)
        return await call_receiver(
            self._outbound, url=due.url, message_id=due.message_id, body=due.body, secrets=secrets, trace=due.trace
        )


async def call_receiver(
    outbound: Outbound, *, url: str, message_id: UUID, body: str, secrets: list[str], trace: str | None
) -> Reply:
    """Sign and send one message, once, with a span in the trace of the request that caused it."""
    raw = body.encode()
    headers = signed_headers(message_name(message_id), now(), raw, secrets)
    span = client_span("webhook call", trace)
    if span.traceparent:
        headers["traceparent"] = span.traceparent
    try:
        reply = await outbound.post(url, raw, headers)
        span.set("http.response.status_code", reply.status or 0)
        return reply
    finally:
        span.end()


def wake_sender(handling: Handling) -> None:
    """Wake the sender of this worker, where there is one."""
    sender = handling.resources.get(RESOURCE)
    if isinstance(sender, Sender):
        sender.wake()
