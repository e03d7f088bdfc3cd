"""The door: every public request passes these steps, in this order, before anything of ours works for it.

1. Read and check the headers (inbound).
2. Health and metrics answer at once; what is not under /v1 is a page or one of its files.
3. Find the route in the table: unknown path 404, other method 405, preflight.
4. Authenticate: API key or session cookie; a page of another site cannot use a session (admission).
5. Authorise against the route: kind of credential, scope, origin of a publishable key (admission).
6. Count against the rate limits (admission).
7. Read the body, capped and watched (request_limits).
8. Forward it, answer it ourselves, or stream live events.

Whatever is raised becomes problem+json with the request id.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Protocol

import orjson

from gateway.edge import browser_policy, inbound
from gateway.edge.admission import Admission, take_key
from gateway.edge.authenticate import Authenticator
from gateway.edge.client_address import ClientAddresses
from gateway.edge.inbound import Inbound
from gateway.edge.request_limits import SMALL, Body, BodyBudget, ClientLeft, announced_length
from gateway.edge.visit import Visit
from gateway.forwarding.forward import BrokenAnswer, Forwarder
from gateway.forwarding.matching import Matcher
from gateway.forwarding.table import ROUTES, Route
from gateway.settings import GatewaySettings, networks
from shared.contracts.problems import Code, Problem
from shared.telemetry import tracing
from shared.telemetry.exposition import PATHS as HEALTH_PATHS
from shared.telemetry.names import REQUEST_SECONDS, REQUESTS
from shared.web.errors import rendered

API = b"/v1/"
BODY_BUDGET = 256 * 1024 * 1024


class OwnSide(Protocol):
    """What the gateway answers itself."""

    async def health(self, visit: Visit) -> None:
        """Answer one of HEALTH_PATHS."""

    async def answer(self, visit: Visit, body: bytes) -> None:
        """Answer a route of the service `gateway`, by an identity that is already checked."""

    async def page(self, visit: Visit) -> None:
        """Answer whatever is not under /v1."""

    async def live(self, visit: Visit) -> None:
        """Stream live events."""


class Door:
    """The raw ASGI edge of the gateway."""

    def __init__(
        self,
        settings: GatewaySettings,
        authenticator: Authenticator,
        admission: Admission,
        forwarder: Forwarder,
        own: OwnSide,
    ) -> None:
        self._authenticator = authenticator
        self._admission = admission
        self._forwarder = forwarder
        self._own = own
        self._secure = settings.secure
        self._matcher = Matcher(ROUTES)
        self._clients = ClientAddresses(networks(settings.trusted_proxies))
        self._budget = BodyBudget(BODY_BUDGET)
        self._counted: dict[tuple[str, str, int], Any] = {}
        self._timed: dict[str, Any] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        started = perf_counter()
        problem: Problem | None = None
        try:
            read = inbound.read(scope)
        except inbound.Refused as refused:
            read, problem = refused.inbound, refused.problem
        peer = scope["client"]
        visit = Visit(
            read,
            receive,
            send,
            client=self._clients.of(peer[0] if peer else None, read.forwarded_for),
            secure=self._secure,
        )
        span = tracing.server_span(f"gateway {read.method}", read.trace)
        visit.traceparent = span.traceparent
        try:
            if problem is not None:
                raise problem
            await self._enter(visit)
        except ClientLeft:
            visit.status = visit.status or 499
        except BrokenAnswer:
            # Returning without an end makes the server close the connection: the client sees a cut, not a short body.
            visit.status = 502
        except Exception as error:
            if visit.status:
                raise  # too late for an answer of ours; the server closes the connection
            await self._refuse(visit, error)
        finally:
            name = visit.route.path if visit.route is not None else "page"
            self._note(read.method, name, visit.status, perf_counter() - started)
            span.set("http.route", name)
            span.set("http.response.status_code", visit.status)
            span.end()

    async def _enter(self, visit: Visit) -> None:
        read = visit.inbound
        path = read.raw_path
        if not path.startswith(API):
            await self._beside_the_api(visit)
            return
        methods = self._matcher.methods(path)
        if methods is None:
            raise Problem(Code.NOT_FOUND, "There is no such path. /docs lists every one.")
        route = methods.get("GET" if read.method == "HEAD" else read.method)
        if route is None:
            await self._other_method(visit, sorted(methods), browsers=any(one.browsers for one in methods.values()))
            return
        visit.route = route
        body: Body | bytes = b""
        length = None
        if read.has_body:
            length = announced_length(read.content_length, route.body_cap)
            body = Body(visit.receive, route.body_cap)
        key = take_key(read, route) if route.credentials else b""
        if not key and route.browsers and isinstance(body, Body):
            key, body = _key_in_body(await body.whole(), read)
        caller = visit.caller = await self._admission.authenticate(visit, route, key)
        self._admission.authorise(visit, route, caller)
        await self._admission.count(visit, route, caller)
        if isinstance(body, Body) and route.streamed:
            await self._forward(visit, route, body, length)
            return
        reserved = self._reserve(body, length, route)
        try:
            whole = await body.whole() if isinstance(body, Body) else body
            if route.service != "gateway":
                await self._forward(visit, route, whole, len(whole))
            elif route.operation_id == "live_listen":
                await self._own.live(visit)
            else:
                await self._own.answer(visit, whole)
        finally:
            self._budget.give_back(reserved)

    def _reserve(self, body: Body | bytes, length: int | None, route: Route) -> int:
        if isinstance(body, bytes):
            return 0
        size = route.body_cap if length is None else length
        if size <= SMALL:
            return 0
        self._budget.take(size)
        return size

    async def _forward(self, visit: Visit, route: Route, body: Body | bytes, length: int | None) -> None:
        caller = visit.caller
        if caller is None:
            raise Problem(Code.IDENTITY_INVALID, "Nobody is calling.")
        visit.status = await self._forwarder.forward(
            visit.inbound,
            route,
            identity=self._authenticator.token(caller, route.service),
            client=visit.client,
            traceparent=visit.traceparent,
            body=body,
            length=length,
            send=visit.watched_send,
            extra=visit.headers(),
        )

    async def _beside_the_api(self, visit: Visit) -> None:
        path = visit.inbound.scope["path"]
        if path in HEALTH_PATHS:
            await self._own.health(visit)
            return
        if visit.inbound.method not in ("GET", "HEAD"):
            await visit.respond_problem(
                Problem(Code.METHOD_NOT_ALLOWED, "Pages are read only.", headers={"allow": "GET, HEAD"})
            )
            return
        if path == "/sign-in" and visit.inbound.query:
            await self._admission.count_sign_in(visit)
        visit.caller = self._authenticator.nobody
        await self._own.page(visit)

    async def _other_method(self, visit: Visit, methods: list[str], *, browsers: bool) -> None:
        allow = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
        if visit.inbound.method != "OPTIONS":
            raise Problem(Code.METHOD_NOT_ALLOWED, "See the Allow header.", headers={"allow": ", ".join(allow)})
        lines = [(b"allow", ", ".join(allow).encode())]
        if browsers and visit.inbound.origin:
            lines += browser_policy.preflight(visit.inbound.origin, methods)
        await visit.respond(204, b"", [*lines, (b"x-request-id", visit.inbound.request_id.encode())])

    async def _refuse(self, visit: Visit, error: Exception) -> None:
        if isinstance(error, Problem):
            await visit.respond_problem(error)
            return
        status, body, headers = rendered(error, visit.inbound.request_id)
        lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if name != "x-request-id"]
        await visit.respond(status, body, [*lines, *visit.headers()])

    def _note(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        counter = self._counted.get(key)
        if counter is None:
            counter = self._counted[key] = REQUESTS.labels("gateway", method, route, str(status))
        counter.inc()
        timer = self._timed.get(route)
        if timer is None:
            timer = self._timed[route] = REQUEST_SECONDS.labels("gateway", route)
        timer.observe(seconds)


def _key_in_body(body: bytes, read: Inbound) -> tuple[bytes, bytes]:
    """The publishable key within a body (a beacon can carry no header), and the body without it.

    A body that is not a JSON object, or has no such field, is left as it is: authentication then says what is missing.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b"", body
    key = document.pop("publishable_key", None) if isinstance(document, dict) else None
    if not isinstance(key, str) or not key.isascii():
        return b"", body
    rest = orjson.dumps(document)
    read.content_length = b"%d" % len(rest)
    return key.encode("ascii"), rest
