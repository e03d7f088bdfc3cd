"""Which characters an upload holds: every encoding that exports come in, and bytes that are no text at all."""

from __future__ import annotations

import codecs
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.decoding import EncodingScout, EncodingUnknown, decode, known, newline, split_lines

GERMAN = "Größe gefällt mir nicht, die Tür klemmt; „schön“ ist anders – 5 €\n" * 5
RUSSIAN = "Очень долго ждали ответа, но сотрудник был вежлив\n" * 5
JAPANESE = "店員はとても親切でしたが、待ち時間が長かったです。\n" * 5


def scout(data: bytes, chunk: int = 1 << 20) -> EncodingScout:
    found = EncodingScout()
    for start in range(0, len(data), chunk):
        found.feed(data[start : start + chunk])
    return found


@pytest.mark.parametrize(
    ("data", "encoding", "bom"),
    [
        (b"a,b\n1,2\n", "utf-8", 0),
        (GERMAN.encode(), "utf-8", 0),
        (codecs.BOM_UTF8 + GERMAN.encode(), "utf-8", 3),
        (codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be"), "utf-16-be", 2),
        (codecs.BOM_UTF32_LE + GERMAN.encode("utf-32-le"), "utf-32-le", 4),
        (GERMAN.encode("utf-16-le"), "utf-16-le", 0),
        (GERMAN.encode("utf-16-be"), "utf-16-be", 0),
        (GERMAN.encode("cp1252"), "cp1252", 0),
        (RUSSIAN.encode("cp1251"), "cp1251", 0),
        (JAPANESE.encode("cp932"), "cp932", 0),
    ],
)
def test_the_encoding_is_found(data: bytes, encoding: str, bom: int) -> None:
    choice = scout(data).choose()
    assert (choice.encoding, choice.bom) == (encoding, bom)
    assert choice.reason


def test_the_whole_file_decides_not_its_beginning() -> None:
    late = b"a,b\n" * 300_000 + "Tür\n".encode("cp1252")
    assert scout(late).choose().encoding == "cp1252"


def test_megabytes_are_looked_at_in_no_time() -> None:
    lines = b"2026-01-02,9,plain words without any special character in them\n" * 40_000 + "Größe\n".encode()
    long_line = b"x" * 2_000_000 + "ß".encode()
    began = process_time()
    scout(lines, 1 << 20)
    scout(long_line, 1 << 20)
    assert process_time() - began < 1.0  # seconds; a scan that starts anew at every byte takes ten


@given(st.text(), st.integers(1, 7))
def test_utf8_is_recognised_wherever_the_chunks_are_cut(text: str, chunk: int) -> None:
    data = text.encode("utf-8", "ignore")
    choice = scout(data, chunk).choose()
    if choice.bom == 0 and not choice.encoding.startswith("utf-16"):
        assert choice.broken == 0
        assert choice.encoding == "utf-8"


def test_stray_bytes_in_utf8_stay_readable() -> None:
    data = ("Größe ä ö ü\n" * 20).encode() + b"It\x92s fine, caf\xe9\n"
    choice = scout(data).choose()
    assert (choice.encoding, choice.broken) == ("utf-8", 2)
    assert decode(data, choice.encoding).endswith("It’s fine, café\n")


def test_text_that_was_broken_before_is_counted_and_kept() -> None:
    data = "It\ufffds good\n".encode() * 3
    choice = scout(data).choose()
    assert (choice.replaced, choice.broken) == (3, 0)
    assert decode(data, "utf-8").count("\ufffd") == 3


def test_nul_characters_are_counted_and_dropped() -> None:
    data = b"a,b\n1\x00,2\n" + b"padding,row\n" * 20
    assert scout(data).choose().nuls == 1
    assert "\x00" not in decode(data, "utf-8")


def test_what_is_told_wins_and_is_checked() -> None:
    assert scout(b"abc").choose("latin-1").encoding == "cp1252"
    assert scout(codecs.BOM_UTF16_LE + "a".encode("utf-16-le")).choose("utf-16").encoding == "utf-16-le"
    for bad in ("klingon", "rot13", "hex", "utf-7", "\x00", ""):
        with pytest.raises(EncodingUnknown):
            known(bad)


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-32-le", "cp932"]))
def test_no_bytes_are_refused_and_none_are_lost_by_cutting(data: bytes, encoding: str) -> None:
    decode(data, encoding)
    for returns in (False, True):
        lines = split_lines(data, encoding, carriage_returns=returns)
        assert b"".join(lines) == data
        mark = "\r".encode(encoding) if returns else newline(encoding)
        assert all(line.endswith(mark) for line in lines[:-1])


@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="\n", blacklist_categories=["Cs"])), max_size=8))
def test_wide_lines_are_cut_only_at_line_feeds(texts: list[str]) -> None:
    data = "".join(text + "\n" for text in texts).encode("utf-16-be")
    assert [line.decode("utf-16-be") for line in split_lines(data, "utf-16-be")] == [text + "\n" for text in texts]


@given(st.binary(max_size=2000))
def test_any_bytes_get_some_encoding_that_reads_them(data: bytes) -> None:
    choice = scout(data, 100).choose()
    decode(data[choice.bom :], choice.encoding)
