"""Which URLs and addresses do we refuse to call? (pure)

Two walls. `check_url` looks at what was written, when an endpoint is saved and again before each call.
`check_address` looks at the very address a socket is about to connect to: only that stops a name which
resolves to something else a second later (DNS rebinding). `ipaddress.is_global` alone is not enough: it
says yes to multicast, NAT64 of a metadata address, 6to4, site-local and more, hence REFUSED below.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = (443, 8443)
MAX_URL = 2048

REFUSED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local, cloud metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT relays"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, broadcast"),
    ("::/96", "unspecified, loopback, IPv4-compatible"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "dummy prefix"),
    ("2001::/23", "protocol assignments, Teredo, ORCHID"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3ffe::/16", "6bone"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
"""Networks never called, each with its family. IPv6 outside 2000::/3 is refused as well."""

_NETWORKS = tuple((ipaddress.ip_network(network), family) for network, family in REFUSED)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

LOCAL_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "onion",
    "test",
    "invalid",
    "example",
    "localdomain",
    "arpa",
    "alt",
)
"""Names that mean something only inside a network, or nothing at all (RFC 6761, 6762, 7686, 8375, 9476)."""

_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")


class DestinationRefused(ValueError):
    """The destination may not be called; the text says why and never repeats the URL."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that passed: `url` is what to call, `private` when the operator allowed it."""

    url: str
    scheme: str
    host: str
    port: int
    private: bool = False


def check_url(url: str, *, allowed: Collection[str] = ()) -> Destination:
    """Check what is written; raises DestinationRefused.

    `allowed` holds exact `host:port` texts from the operator's settings; only those may be private,
    plain http, IP literals or on other ports.
    """
    if not isinstance(url, str) or not url or len(url) > MAX_URL:
        raise DestinationRefused(f"A URL of 1 to {MAX_URL} characters is needed.")
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url) or "\\" in url:
        raise DestinationRefused("The URL holds spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DestinationRefused("The URL cannot be read.") from None
    if parts.scheme not in ("https", "http"):
        raise DestinationRefused("Only https:// is called.")
    if "@" in parts.netloc:
        raise DestinationRefused("A user name or password in the URL is not accepted.")
    if parts.fragment or "#" in url:
        raise DestinationRefused("A fragment (#...) is not accepted.")
    raw_host = parts.hostname or ""
    if not raw_host or "%" in parts.netloc:
        raise DestinationRefused("A plain host name is needed.")
    effective = port if port is not None else (443 if parts.scheme == "https" else 80)
    shown = f"[{raw_host}]" if ":" in raw_host else raw_host
    if f"{shown}:{effective}" in allowed:
        return Destination(url, parts.scheme, raw_host, effective, private=True)
    if parts.scheme != "https":
        raise DestinationRefused("Only https:// is called.")
    if effective not in PORTS:
        raise DestinationRefused("Only ports 443 and 8443 are called.")
    host = _checked_host(raw_host)
    suffix = "" if port is None else f":{port}"
    target = f"https://{host}{suffix}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
    return Destination(target, "https", host, effective)


def _checked_host(raw: str) -> str:
    """A public DNS name in its ASCII form; IP literals are refused in every notation."""
    if ":" in raw:
        raise DestinationRefused("IP addresses are not accepted, a host name is needed.")
    folded = unicodedata.normalize("NFKC", raw).casefold().replace("。", ".")
    folded = folded[:-1] if folded.endswith(".") else folded
    if _NUMERIC_LABEL.match(folded.rpartition(".")[2]):
        # WHATWG "ends in a number": decimal, octal, hexadecimal, shortened and whole-number addresses
        raise DestinationRefused("IP addresses are not accepted, a host name is needed.")
    if folded.isascii():
        host = folded
    else:
        try:
            host = idna.encode(folded, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise DestinationRefused("The host name is not valid.") from None
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise DestinationRefused("The host name is not valid.")
    if _NUMERIC_LABEL.match(labels[-1]):
        raise DestinationRefused("IP addresses are not accepted, a host name is needed.")
    if len(labels) < 2 or any(host == suffix or host.endswith("." + suffix) for suffix in LOCAL_SUFFIXES):
        raise DestinationRefused("The host name is not a public one.")
    return host


def check_address(text: str) -> Address:
    """Check the address a socket is about to connect to; raises DestinationRefused with its family."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise DestinationRefused("The address cannot be read.") from None
    if "%" in text:
        raise DestinationRefused("The address is refused: link-local scope.")
    if isinstance(address, ipaddress.IPv6Address) and (address in _MAPPED or address in _NAT64):
        # The IPv4 address inside is what will be reached: it decides.
        check_address(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        return address
    for network, family in _NETWORKS:
        if address.version == network.version and address in network:
            raise DestinationRefused(f"The address is refused: {family}.")
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_V6:
        raise DestinationRefused("The address is refused: not global unicast.")
    if not address.is_global or address.is_multicast or address.is_reserved:
        raise DestinationRefused("The address is refused: not public.")
    return address
