"""Who is at the other end of the line: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from gateway.settings import Network

UNKNOWN = "unknown"


class ClientAddresses:
    """Finds the client's address. X-Forwarded-For is believed from `trusted` peers only, from right to left."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def of(self, peer: str | None, forwarded_for: bytes) -> str:
        """The address that limits are counted by; an IPv6 client counts by its /64, which is one customer's line."""
        if peer is None:
            return UNKNOWN  # a unix socket: only a proxy on this machine can be there
        if not self._trusted or not forwarded_for or not self._is_trusted(peer):
            return _counted(peer)
        address = peer
        for hop in reversed(forwarded_for.decode("latin-1").split(",")):
            candidate = hop.strip()
            if not _is_address(candidate):
                break
            address = candidate
            if not self._is_trusted(candidate):
                break
        return _counted(address)

    def _look_up(self, address: str) -> bool:
        return within(address, self._trusted)


def within(address: str | None, networks: tuple[Network, ...]) -> bool:
    """Whether `address` lies in one of `networks`; no address (unix socket) and no address at all do not."""
    if address is None:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found.version == network.version and found in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _counted(address: str) -> str:
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
