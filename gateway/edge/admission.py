"""Whether a request is let in: authenticate, authorise against its route, count it. Raises Problem when not."""

from __future__ import annotations

from gateway.accounts.cookies import session_token
from gateway.edge.authenticate import Authenticator, Caller
from gateway.edge.browser_policy import is_same_origin, session_may_change
from gateway.edge.inbound import Inbound
from gateway.edge.rate_limit import Policy, RateLimiter, Verdict
from gateway.edge.visit import Visit
from gateway.forwarding.table import Route
from gateway.settings import GatewaySettings
from shared.contracts.problems import Code, Problem
from shared.telemetry.names import RATE_LIMITED

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEY_IN_QUERY = b"key="


class Admission:
    """Steps 4 to 6 of the door."""

    def __init__(self, settings: GatewaySettings, authenticator: Authenticator, limiter: RateLimiter) -> None:
        self._origin = settings.public_origin
        self._secure = settings.secure
        self._authenticator = authenticator
        self._limiter = limiter
        self._secret = Policy("default", settings.rate_secret_key_per_minute)
        self._session = Policy("session", settings.rate_session_per_minute)
        self._publishable = Policy("publishable", settings.rate_publishable_key_per_minute)
        self._browser = Policy("browser", settings.rate_publishable_client_per_minute)
        self._sign_in = Policy("sign-in", settings.rate_sign_in_per_minute)
        self._refused = Policy("refused", settings.rate_refused_per_minute)

    async def authenticate(self, visit: Visit, route: Route, key: bytes) -> Caller:
        """The caller behind `key` or, without one, the session cookie. Raises Problem 401; after many 429."""
        try:
            return await self._caller(visit.inbound, route, key)
        except Problem as problem:
            if problem.status == 401:
                # A widget may read that its key is no good, and stops trying: there is no list to ask, and no data.
                visit.origin_allowed = route.browsers and bool(visit.inbound.origin)
                visit.verdict = await self._limiter.count(self._refused, visit.client)
                _refuse_above(visit.verdict)
                visit.verdict = None
            raise

    async def _caller(self, inbound: Inbound, route: Route, key: bytes) -> Caller:
        if not route.credentials:
            return self._authenticator.nobody
        if key:
            return await self._authenticator.key(key)
        if inbound.cookie and "session" in route.credentials:
            token = session_token(inbound.cookie, secure=self._secure)
            if token is not None:
                caller = await self._authenticator.session(token.encode("latin-1"))
                self._check_not_cross_site(inbound)
                return caller
        raise Problem(
            Code.KEY_MISSING,
            "Send the key as `Authorization: Bearer cxl_…`.",
            headers={"www-authenticate": 'Bearer realm="cxloop"'},
        )

    def _check_not_cross_site(self, inbound: Inbound) -> None:
        if inbound.method in SAFE:
            return
        if not session_may_change(inbound.origin, inbound.fetch_site, inbound.host, self._origin):
            raise Problem(Code.ORIGIN_REFUSED, "A page of another site cannot act with this session.")

    def authorise(self, visit: Visit, route: Route, caller: Caller) -> None:
        """Raises Problem 403."""
        if route.credentials:
            if caller.credential not in route.credentials:
                wanted = " or ".join(sorted(kind.replace("_", " ") for kind in route.credentials))
                raise Problem(Code.SCOPE_MISSING, f"This takes a {wanted}.")
            if route.scope is not None and route.scope not in caller.identity.scopes:
                raise Problem(Code.SCOPE_MISSING, f"This needs the scope {route.scope}.")
        elif visit.inbound.origin and visit.inbound.method not in SAFE:
            # Signing in from a page of another site would plant its account in this browser.
            self._check_not_cross_site(visit.inbound)
        if caller.credential == "publishable_key" and visit.inbound.origin:
            if route.key_in_address:
                raise Problem(Code.ORIGIN_REFUSED, "This address is for a provider's servers, not for web pages.")
            self._check_listed(visit, caller)

    def _check_listed(self, visit: Visit, caller: Caller) -> None:
        inbound = visit.inbound
        if inbound.origin.decode("latin-1").lower() in caller.allowed_origins:
            visit.origin_allowed = True
        elif not is_same_origin(inbound.origin, inbound.host, self._origin):
            raise Problem(
                Code.ORIGIN_REFUSED, "This page's origin is not on the key's list. Add it to `allowed_origins`."
            )

    async def count(self, visit: Visit, route: Route, caller: Caller) -> None:
        """Count the request. Raises Problem 429."""
        if route.policy == "sign_in":
            await self.count_sign_in(visit)
        subject = caller.key_id.hex
        if caller.credential == "secret_key":
            visit.verdict = await self._limiter.count(self._secret, subject)
        elif caller.credential == "session":
            visit.verdict = await self._limiter.count(self._session, subject)
        elif caller.credential == "publishable_key":
            if not route.key_in_address:  # a provider calls from few addresses on behalf of many people
                visit.verdict = await self._limiter.count(self._browser, f"{subject}:{visit.client}")
                _refuse_above(visit.verdict)
            everybody = await self._limiter.count(self._publishable, subject)
            if visit.verdict is None or not everybody.allowed:
                visit.verdict = everybody
        if visit.verdict is not None:
            _refuse_above(visit.verdict)

    async def count_sign_in(self, visit: Visit) -> None:
        """Count an attempt to sign in. Raises Problem 429."""
        visit.verdict = await self._limiter.count(self._sign_in, visit.client)
        _refuse_above(visit.verdict)


def take_key(inbound: Inbound, route: Route) -> bytes:
    """Take the key out of `Authorization: Bearer`, `X-API-Key`, or `?key=` (browsers, providers); empty without one.

    Raises Problem when two headers hold different keys or the scheme is not Bearer.
    """
    found = b""
    if inbound.authorization:
        scheme, _, value = inbound.authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not value.strip():
            raise Problem(Code.KEY_INVALID, "The scheme is Bearer: `Authorization: Bearer cxl_…`.")
        found = value.strip()
    if inbound.api_key:
        if found and found != inbound.api_key:
            raise Problem(Code.REQUEST_MALFORMED, "Authorization and X-API-Key hold different keys. Send one.")
        found = inbound.api_key
    if (route.browsers or route.key_in_address) and KEY_IN_QUERY in inbound.query:
        # Taken out of the address in any case: a key does not belong into the logs of a service.
        kept, value = [], b""
        for part in inbound.query.split(b"&"):
            if part.startswith(KEY_IN_QUERY):
                value = part[len(KEY_IN_QUERY) :]
            else:
                kept.append(part)
        inbound.query = b"&".join(kept)
        found = found or value
    return found


def _refuse_above(verdict: Verdict) -> None:
    if verdict.allowed:
        return
    RATE_LIMITED.labels(verdict.policy.name).inc()
    raise Problem(
        Code.RATE_LIMITED,
        f"{verdict.policy.quota} requests a minute are allowed here. Go on after the time in Retry-After.",
        headers={"retry-after": str(verdict.reset_s)},
    )
