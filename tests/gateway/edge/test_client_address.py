"""Client addresses: the peer, unless a proxy that is trusted says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.client_address import UNKNOWN, ClientAddresses, within
from gateway.settings import networks

PROXIES = ClientAddresses(networks("10.0.0.0/8, fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", b"198.51.100.1", "203.0.113.5"),
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", b"198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        (None, b"198.51.100.1", UNKNOWN),
        ("2001:db8:1:2:3:4:5:6", b"", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", b"", "203.0.113.5"),
        ("fd00::1", b"2001:db8::9", "2001:db8::/64"),
    ],
)
def test_who_is_counted(peer: str | None, forwarded: bytes, expected: str) -> None:
    assert PROXIES.of(peer, forwarded) == expected


def test_nobody_is_trusted_by_default() -> None:
    assert ClientAddresses(networks("")).of("10.0.0.1", b"198.51.100.1") == "10.0.0.1"


@given(st.binary(max_size=60))
def test_any_header_gives_some_address(forwarded: bytes) -> None:
    assert PROXIES.of("10.0.0.1", forwarded)


def test_within() -> None:
    assert within("127.0.0.1", networks("127.0.0.0/8,::1/128"))
    assert within("::1", networks("127.0.0.0/8,::1/128"))
    assert not within("203.0.113.5", networks("127.0.0.0/8"))
    assert not within(None, networks("0.0.0.0/0"))
    assert not within("nonsense", networks("0.0.0.0/0"))
