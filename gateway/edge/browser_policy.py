"""What browsers may do with our answers: security headers, CORS by exact list, no cross-site use of sessions."""

from __future__ import annotations

from collections.abc import Collection

Header = tuple[bytes, bytes]

_COMMON: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
API_HEADERS: tuple[Header, ...] = (
    *_COMMON,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every JSON answer."""

BROWSER_API_HEADERS: tuple[Header, ...] = (
    *_COMMON,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""On answers that pages of other sites may read (a widget's)."""

PAGE_HEADERS: tuple[Header, ...] = (
    *_COMMON,
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        b"font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
"""On pages and their files, where the page itself does not say otherwise."""

STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

PREFLIGHT_MAX_AGE_S = 7200
_ALLOWED_HEADERS = b"authorization, content-type, idempotency-key, x-api-key, x-request-id, traceparent"
_EXPOSED_HEADERS = b"x-request-id, retry-after, ratelimit, ratelimit-policy"
VARY_ORIGIN: Header = (b"vary", b"Origin")


def preflight(origin: bytes, methods: Collection[str]) -> list[Header]:
    """Headers that answer a preflight of a route that browsers may call.

    The key is not known yet (a preflight carries none), so any origin is told that it may ask; what it asks is then
    answered readably only for an origin on the key's list.
    """
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", ", ".join(sorted(methods)).encode()),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", b"%d" % PREFLIGHT_MAX_AGE_S),
        VARY_ORIGIN,
    ]


def readable_by(origin: bytes) -> list[Header]:
    """Headers that let pages of `origin` (already checked) read an answer; never with credentials."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED_HEADERS),
        VARY_ORIGIN,
    ]


def is_same_origin(origin: bytes, host: bytes, public_origin: str) -> bool:
    """Whether `origin` is ours: the public one, or the very host that was asked."""
    text = origin.decode("latin-1").lower()
    return text == public_origin or (
        bool(host) and text in (f"http://{host.decode('latin-1').lower()}", f"https://{host.decode('latin-1').lower()}")
    )


def session_may_change(origin: bytes, fetch_site: bytes, host: bytes, public_origin: str) -> bool:
    """Whether a request that changes something, and carries a session cookie, comes from a page of ours.

    Browsers send Origin with every unsafe request; where it is missing, Sec-Fetch-Site must vouch. A client that
    sends neither is no browser of today and can use an API key.
    """
    if origin:
        return is_same_origin(origin, host, public_origin)
    return fetch_site == b"same-origin"
