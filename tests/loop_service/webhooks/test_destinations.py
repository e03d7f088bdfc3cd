"""The SSRF corpus: more than sixty ways to write an inner address, all refused; public ones pass."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.webhooks.destinations import REFUSED, DestinationRefused, check_address, check_url

REFUSED_URLS = """
http://example.com/hook
ftp://example.com/hook
file:///etc/passwd
gopher://example.com:70/
javascript:alert(1)
//example.com/hook
example.com/hook
https://
https:///hook
https://127.0.0.1/
https://127.1/
https://127.0.1/
https://127.0.0.1./
https://2130706433/
https://017700000001/
https://0177.0.0.1/
https://0x7f000001/
https://0x7f.0.0.1/
https://0X7F.1/
https://0x7f.0x0.0x0.0x1/
https://00000177.0.0.01/
https://127.0.0.0x1/
https://0/
https://0x/
https://0.0.0.0/
https://10.0.0.1/
https://172.16.0.1/
https://192.168.1.1/
https://169.254.169.254/latest/meta-data/
https://2852039166/
https://0xa9fea9fe/
https://100.64.0.1/
https://224.0.0.1/
https://255.255.255.255/
https://8.8.8.8/
https://[::1]/
https://[::]/
https://[0:0:0:0:0:0:0:1]/
https://[::ffff:127.0.0.1]/
https://[::ffff:7f00:1]/
https://[::127.0.0.1]/
https://[64:ff9b::a9fe:a9fe]/
https://[64:ff9b:1::1]/
https://[2002:7f00:1::]/
https://[fe80::1%25eth0]/
https://[fe80::1]/
https://[fd00::1]/
https://[fec0::1]/
https://[ff02::1]/
https://[2001:db8::1]/
https://[2606:4700::1111]/
https://①②⑦.⓪.⓪.①/
https://１２７.０.０.１/
https://127。0。0。1/
https://localhost/
https://LOCALHOST/
https://localhost./
https://a.localhost/
https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/
https://printer.local/
https://metadata.google.internal/
https://vault.corp/
https://router.home.arpa/
https://intranet/
https://x.onion/
https://x.test/
https://user@example.com/
https://user:secret@example.com/
https://example.com@127.0.0.1/
https://127.0.0.1#@example.com/
https://127.0.0.1\\@example.com/
https://example.com\\.evil.org/
https://example.com#fragment
https://exa%6Dple.com/
https://127.0.0.1%2f.example.com/
https://%31%32%37.0.0.1/
https://example.com:22/
https://example.com:80/
https://example.com:0/
https://example.com:65536/
https://example.com:-1/
https://example.com:443:80/
https://exam ple.com/
https://example.com/\tpath
https://-example.com/
https://example..com/
https://.example.com/
https://[not-an-address]/
https://xn--/
""".strip("\n").split("\n")


def test_the_corpus_is_large_enough() -> None:
    assert len(set(REFUSED_URLS)) >= 80


@pytest.mark.parametrize(
    "url",
    [*REFUSED_URLS, "", "https://" + "a" * 2100 + ".com/", "https://example.com/\n", "https://a\x00.com/"],
)
def test_refused(url: str) -> None:
    with pytest.raises(DestinationRefused) as refused:
        check_url(url)
    assert len(url) < 4 or url not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com", "example.com", 443),
        ("https://example.com:8443/hook?x=1", "example.com", 8443),
        ("HTTPS://EXAMPLE.com/Hook", "example.com", 443),
        ("https://bücher.example.org/hook", "xn--bcher-kva.example.org", 443),
        ("https://hooks.example.com./x", "hooks.example.com", 443),
        ("https://1.example.com/", "1.example.com", 443),
        ("https://under_score.example.com/", "under_score.example.com", 443),
    ],
)
def test_public_names_pass(url: str, host: str, port: int) -> None:
    destination = check_url(url)
    assert (destination.host, destination.port, destination.private) == (host, port, False)
    assert destination.url.startswith(f"https://{host}")


def test_only_the_exact_private_receiver_is_allowed() -> None:
    allowed = ("127.0.0.1:9000", "[::1]:9001", "receiver:80")
    assert check_url("http://127.0.0.1:9000/x", allowed=allowed).private
    assert check_url("http://[::1]:9001/x", allowed=allowed).private
    assert check_url("http://receiver/x", allowed=allowed).private
    for url in (
        "http://127.0.0.1:9001/",
        "http://127.1:9000/",
        "http://user@127.0.0.1:9000/",
        "http://127.0.0.2:9000/",
    ):
        with pytest.raises(DestinationRefused):
            check_url(url, allowed=allowed)


@pytest.mark.parametrize("network", [network for network, _ in REFUSED])
def test_both_ends_of_every_refused_network(network: str) -> None:
    block = ipaddress.ip_network(network)
    for address in (block[0], block[-1]):
        with pytest.raises(DestinationRefused):
            check_address(str(address))


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b::7f00:1",
        "fe80::1%eth0",
        "2606:4700::1%1",
        "4000::1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
        "nonsense",
        "",
    ],
)
def test_refused_addresses(address: str) -> None:
    with pytest.raises(DestinationRefused):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_pass(address: str) -> None:
    assert check_address(address)


@given(st.ip_addresses())
def test_nothing_that_is_not_global_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    try:
        passed = check_address(str(address))
    except DestinationRefused:
        return
    inner = getattr(passed, "ipv4_mapped", None)
    assert (inner or passed).is_global
    assert not passed.is_multicast


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    for url in (text, f"https://{text}/"):
        try:
            destination = check_url(url)
        except DestinationRefused:
            continue
        assert destination.host.isascii()
        assert destination.port in (443, 8443)
