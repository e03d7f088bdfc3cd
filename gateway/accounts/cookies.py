"""The session cookie: its name, how it is set, cleared and found."""

from __future__ import annotations

PLAIN_NAME = "cxl_session"
SECURE_NAME = "__Host-cxl_session"
"""Over https: the browser then refuses it for subdomains, other paths, and without Secure."""


def set_cookie(token: str, *, secure: bool, days: int) -> str:
    """The Set-Cookie value that signs a browser in."""
    return f"{_name(secure)}={token}; Max-Age={days * 86400}; {_attributes(secure)}"


def clear_cookie(*, secure: bool) -> str:
    """The Set-Cookie value that signs a browser out."""
    return f"{_name(secure)}=; Max-Age=0; {_attributes(secure)}"


def session_token(cookie_header: bytes, *, secure: bool) -> str | None:
    """The token in a Cookie header, or None; with https only the `__Host-` cookie counts."""
    wanted = _name(secure).encode() + b"="
    for part in cookie_header.split(b";"):
        pair = part.strip()
        if pair.startswith(wanted):
            return pair[len(wanted) :].decode("latin-1")
    return None


def _name(secure: bool) -> str:
    return SECURE_NAME if secure else PLAIN_NAME


def _attributes(secure: bool) -> str:
    return "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
