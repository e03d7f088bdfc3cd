"""What the gateway answers itself: health, accounts, pages, the public OpenAPI document, live events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.edge.authenticate import Authenticator
from gateway.edge.client_address import within
from gateway.edge.rate_limit import ValkeyCounters
from gateway.edge.visit import Visit
from gateway.forwarding.forward import Forwarder
from gateway.live.hub import LiveHub
from gateway.live.stream import stream
from gateway.settings import GatewaySettings, networks
from shared.contracts.identity import IDENTITY_HEADER
from shared.contracts.problems import Code, Problem
from shared.telemetry import exposition
from shared.web.service_app import ServiceApp

OPENAPI = Path(__file__).parent / "forwarding" / "openapi.json"
_IDENTITY = IDENTITY_HEADER.encode()


class OwnSide:
    """The gateway's own answers, behind the same door as everything else."""

    def __init__(
        self,
        settings: GatewaySettings,
        service: ServiceApp,
        *,
        authenticator: Authenticator,
        forwarder: Forwarder,
        counters: ValkeyCounters,
        hub: LiveHub,
    ) -> None:
        self._service = service
        self._authenticator = authenticator
        self._forwarder = forwarder
        self._counters = counters
        self._hub = hub
        self._secure = settings.secure
        self._may_measure = networks(settings.metrics_networks)
        self._document: bytes | None = None

    async def health(self, visit: Visit) -> None:
        """Answer /healthz, /readyz or /metrics."""
        path = visit.inbound.scope["path"]
        peer = visit.inbound.scope["client"]
        # A request that came through a proxy has the proxy's address: whatever network that is in, it may not measure.
        if path == "/metrics" and (
            visit.inbound.forwarded_for or (peer is not None and not within(peer[0], self._may_measure))
        ):
            raise Problem(Code.NOT_FOUND, "There is no such path. /docs lists every one.")
        optional: dict[str, exposition.Check] = {"valkey": self._counters.ping}
        for name, upstream in self._forwarder.upstreams.items():
            optional[name] = _check(upstream.reachable, name)
        await exposition.answer(path, visit.watched_send, {"database": self._service.database.ping}, optional)

    async def answer(self, visit: Visit, body: bytes) -> None:
        """Answer a route of the service `gateway`."""
        extra = visit.headers()
        await self._ask_service(visit, body, extra)

    async def page(self, visit: Visit) -> None:
        """Answer a page, one of its files, or /openapi.json."""
        if visit.inbound.scope["path"] == "/openapi.json":
            if self._document is None:
                self._document = OPENAPI.read_bytes()
            headers = [(b"content-type", b"application/json"), (b"access-control-allow-origin", b"*")]
            await visit.respond(200, self._document, [*headers, *visit.page_headers()])
            return
        await self._ask_service(visit, b"", visit.page_headers())

    async def live(self, visit: Visit) -> None:
        """Stream live events of the caller's organisation."""
        caller = visit.caller
        if caller is None:
            raise Problem(Code.KEY_MISSING, "Sign in, or send a key.")

        async def still_good() -> bool:
            try:
                await self._authenticator.again(caller)
            except Problem as refused:
                return refused.status != 401
            return True

        await stream(
            self._hub, caller.identity.org_id, still_good, visit.receive, visit.watched_send, headers=visit.headers()
        )

    async def _ask_service(self, visit: Visit, body: bytes, extra: list[tuple[bytes, bytes]]) -> None:
        """Let the FastAPI app answer, as a service behind the door: with a signed identity and clean headers."""
        caller = visit.caller or self._authenticator.nobody
        headers = [
            (name, value)
            for name, value in visit.inbound.scope["headers"]
            if b"_" not in name and not name.startswith(b"x-cxloop") and name not in _REPLACED
        ]
        headers += [
            (_IDENTITY, self._authenticator.token(caller, "gateway")),
            (b"x-request-id", visit.inbound.request_id.encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        if visit.traceparent is not None:
            headers.append((b"traceparent", visit.traceparent.encode()))
        scope = {**visit.inbound.scope, "headers": headers}
        unread = True

        async def receive() -> dict[str, Any]:
            nonlocal unread
            if unread:
                unread = False
                return {"type": "http.request", "body": body, "more_body": False}
            answer: dict[str, Any] = await visit.receive()
            return answer

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                kept = [header for header in message["headers"] if header[0] != b"x-request-id"]
                more = [header for header in extra if header[0] == b"x-request-id" or header[0] not in given]
                message = {**message, "headers": kept + more}
            await visit.watched_send(message)

        await self._service(scope, receive, send)


_REPLACED = frozenset(
    {b"x-request-id", b"traceparent", b"tracestate", b"content-length", b"transfer-encoding", b"authorization",
     b"x-api-key"}
)  # fmt: skip


def _check(reachable: Any, name: str) -> exposition.Check:
    async def check() -> None:
        if not await reachable():
            raise ConnectionError(name)

    return check
