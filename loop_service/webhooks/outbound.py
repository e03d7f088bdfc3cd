"""The one place that calls a webhook receiver: HTTP with walls (aiohttp).

No redirects, no proxies, no cookies, 15 s in all, at most 64 KiB read and 2 KiB kept. The address is
checked twice: every address a name resolves to, and again the very address each socket is made for.
"""

import asyncio
import socket
import ssl
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from loop_service.webhooks.destinations import DestinationRefused, check_address, check_url

TIMEOUT_S = 15.0
READ_LIMIT = 64 * 1024
KEPT_LIMIT = 2 * 1024
RESOLVER_THREADS = 64
"""Names are resolved in threads of our own: receivers whose name servers hang must not take them all."""
USER_AGENT = "cxloop-webhooks/1"


class AddressRefused(OSError):
    """A connection was about to be made to an address that is not public."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call: `status` is None when there was no answer, then `reason` says why."""

    status: int | None
    reason: str | None
    response: str | None
    retry_after: str | None
    duration_ms: int


class _Resolver(AbstractResolver):
    """Resolves in our own threads; a name with even one refused address is refused."""

    def __init__(self, *, guarded: bool) -> None:
        self._guarded = guarded
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="webhook-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        if self._guarded:
            for *_, address in found:
                _checked(str(address[0]))
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _checked(address: str) -> None:
    try:
        check_address(address)
    except DestinationRefused as refused:
        raise AddressRefused(str(refused)) from None


def _guarded_socket(found: Any) -> socket.socket:
    """Called by aiohttp with the address it is about to connect to; the last wall, after all caches."""
    family, kind, proto, _, address = found
    _checked(str(address[0]))
    made = socket.socket(family=family, type=kind, proto=proto)
    made.setblocking(False)
    return made


class Outbound:
    """Calls receivers. `allowed` are the operator's exact host:port texts that may be private."""

    def __init__(self, allowed: Collection[str] = (), *, timeout_s: float = TIMEOUT_S) -> None:
        self._allowed = frozenset(allowed)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._timeout_s = timeout_s
        self._public: aiohttp.ClientSession | None = None
        self._private: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._public = self._session(guarded=True)
        self._private = self._session(guarded=False)

    async def close(self) -> None:
        for session in (self._public, self._private):
            if session is not None:
                await session.close()

    def _session(self, *, guarded: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(guarded=guarded),
            socket_factory=_guarded_socket if guarded else None,
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=10,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,  # a compressed answer is kept as it came: it cannot grow
            trust_env=False,
            raise_for_status=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send `body` once. Never raises for anything the receiver, its name or the network does."""
        started = perf_counter()

        def reply(status: int | None, reason: str | None, response: str | None, after: str | None) -> Reply:
            return Reply(status, reason, response, after, round((perf_counter() - started) * 1000))

        try:
            destination = check_url(url, allowed=self._allowed)
        except DestinationRefused as refused:
            return reply(None, f"refused: {refused}", None, None)
        session = self._private if destination.private else self._public
        if session is None:
            raise RuntimeError("Outbound is not started")
        sent = {"content-type": "application/json", "user-agent": USER_AGENT, "accept": "*/*", **headers}
        try:
            async with session.post(destination.url, data=body, headers=sent, allow_redirects=False) as answer:
                kept = await _kept(answer)
                reason = None
                if 300 <= answer.status < 400:
                    reason = "redirects are not followed"
                elif not 200 <= answer.status < 300:
                    reason = f"answered {answer.status}"
                return reply(answer.status, reason, kept, answer.headers.get("Retry-After"))
        except TimeoutError:
            return reply(None, f"no complete answer within {self._timeout_s:g} s", None, None)
        except (aiohttp.ClientError, OSError, ValueError) as failed:
            return reply(None, _words(failed), None, None)


async def _kept(answer: aiohttp.ClientResponse) -> str | None:
    """Read at most 64 KiB of the answer, keep at most 2 KiB as text that PostgreSQL takes."""
    kept, read = b"", 0
    async for part in answer.content.iter_chunked(8192):
        read += len(part)
        kept += part[: KEPT_LIMIT - len(kept)]
        if read >= READ_LIMIT:
            answer.close()  # the rest is not wanted; the connection cannot be used again
            break
    return kept.decode("utf-8", errors="replace").replace("\x00", "") or None


def _words(failed: BaseException) -> str:
    """What went wrong, for people; never the URL, never what the receiver wrote."""
    inner: BaseException | None = failed
    while inner is not None:
        if isinstance(inner, AddressRefused):
            return f"refused: {inner}"
        inner = getattr(inner, "os_error", None) or inner.__cause__ or inner.__context__
    words: tuple[tuple[type[BaseException], str], ...] = (
        (aiohttp.ClientConnectorCertificateError, "its certificate is not valid"),
        (ssl.SSLError, "the TLS handshake failed"),
        (aiohttp.ClientSSLError, "the TLS handshake failed"),
        (aiohttp.ClientConnectorDNSError, "its name cannot be resolved"),
        (aiohttp.ClientConnectorError, "no connection"),
        (aiohttp.ServerDisconnectedError, "it closed the connection"),
        (aiohttp.ClientPayloadError, "its answer broke off"),
        (aiohttp.ClientResponseError, "its answer is not valid HTTP"),
    )
    return next((text for kind, text in words if isinstance(failed, kind)), "the call failed")
