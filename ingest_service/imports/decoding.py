"""Which characters are these bytes: the encoding of an upload, guessed while it streams past (pure).

Order of evidence: what the user told > byte order mark > NUL pattern of UTF-16 > UTF-8 (strict over the *whole*
file, not a sample) > Windows-1252 when it reads like Western text > charset-normalizer on the lines with special
characters. Broken bytes never lose a row: inside UTF-8 a stray byte is read as Windows-1252, which is what stray
bytes nearly always are; what nothing can read becomes U+FFFD, and a U+FFFD that is already in the file stays.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from charset_normalizer import from_bytes

READABLE: Final = "cxloop-readable"
"""Name of the codec error handler that keeps stray bytes readable."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LEGACY: Final = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
    "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "mac_roman", "cp850", "cp866",
]  # fmt: skip
_WESTERN: Final = frozenset(
    "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŒœŠšŽžŸ€£¥¢§©®™°²³½¼¾«»‹›‘’‚“”„–—…•·¿¡ºª×\xa0\xad"
)
_SPECIAL: Final = re.compile(rb"[\x80-\xff]")
_AROUND: Final = 2_000
"""Bytes kept on either side of a special character, within its line."""
_SAMPLE_BYTES: Final = 64 * 1024
_BROKEN_LIMIT: Final = 5_000
_REPLACEMENT: Final = "\ufffd".encode()


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    if error.encoding.lower().replace("_", "-") == "utf-8":
        return broken.decode("cp1252", "replace"), error.end
    return "\ufffd", error.end


codecs.register_error(READABLE, _readable)


class EncodingUnknown(ValueError):
    """The encoding that was told is none we can read."""


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """What was chosen: `encoding` and `bom` bytes to skip for a machine, `reason` and `confidence` for a person."""

    encoding: str
    bom: int
    reason: str
    confidence: float
    broken: int = 0
    """Byte sequences that the encoding cannot read."""
    replaced: int = 0
    """U+FFFD characters that were in the file already: text that was broken before it came to us."""
    nuls: int = 0
    """NUL characters; they are dropped, PostgreSQL cannot hold them."""


@dataclass(slots=True)
class EncodingScout:
    """Sees every chunk of an upload once, keeps 64 KiB at most, and then chooses."""

    _head: bytes = b""
    _tail: bytes = b""
    _sample: bytearray = field(default_factory=bytearray)
    _multibyte: int = 0
    _broken: int = 0
    _replaced: int = 0
    _nuls: int = 0

    def feed(self, chunk: bytes) -> None:
        """Look at the next chunk."""
        if len(self._head) < 4096:
            self._head += chunk[: 4096 - len(self._head)]
        self._nuls += chunk.count(0)
        if not self._tail and chunk.isascii():
            return
        data = self._tail + chunk
        self._replaced += data.count(_REPLACEMENT)
        self._gather(chunk)
        self._tail = self._check(data, final=False)

    def _gather(self, chunk: bytes) -> None:
        """Keep lines with special characters, for the guess among the old encodings."""
        at = 0
        while len(self._sample) < _SAMPLE_BYTES and (found := _SPECIAL.search(chunk, at)):
            start = max(
                chunk.rfind(b"\n", max(0, found.start() - _AROUND), found.start()) + 1, found.start() - _AROUND, at
            )
            line_end = chunk.find(b"\n", found.end(), found.end() + _AROUND)
            at = line_end if line_end >= 0 else min(len(chunk), found.end() + _AROUND)
            self._sample += chunk[start:at] + b"\n"

    def _check(self, data: bytes, *, final: bool) -> bytes:
        """Count valid multi-byte characters and broken sequences; returns the incomplete end."""
        view = memoryview(data)
        at = 0
        while at < len(data):
            if self._broken > _BROKEN_LIMIT:
                return b""
            try:
                text, used = codecs.utf_8_decode(view[at:], "strict", final)
            except UnicodeDecodeError as error:
                good, _ = codecs.utf_8_decode(view[at : at + error.start], "strict", True)
                self._multibyte += error.start - len(good)
                self._broken += 1
                at += error.end
                continue
            self._multibyte += used - len(text)
            rest = data[at + used :]
            return b"" if final else rest
        return b""

    def choose(self, told: str | None = None) -> EncodingChoice:
        """The choice after the last chunk. Raises EncodingUnknown when `told` is none we can read."""
        self._check(self._tail, final=True)
        self._tail = b""
        bom, marked = next(((len(mark), name) for mark, name in _BOMS if self._head.startswith(mark)), (0, ""))
        if told is not None:
            encoding = known(told, self._head)
            return self._choice(encoding, bom if encoding == marked else 0, "told in the mapping", 1.0)
        if marked:
            return self._choice(marked, bom, f"the file begins with the byte order mark of {marked.upper()}", 1.0)
        if wide := _wide(self._head):
            return self._choice(wide, 0, f"every other byte is zero, as in {wide.upper()} text", 0.95)
        if not self._broken:
            plain = "only ASCII characters, which every encoding shares"
            return self._choice("utf-8", 0, "the whole file is valid UTF-8" if self._multibyte else plain, 0.99)
        if self._multibyte >= 2 * self._broken:
            reason = "UTF-8 but for some broken bytes, which are read as Windows-1252"
            return self._choice("utf-8", 0, reason, 0.9)
        return self._legacy(bytes(self._sample))

    def _legacy(self, sample: bytes) -> EncodingChoice:
        if _western(sample.decode("cp1252", "replace")):
            return self._choice("cp1252", 0, "not UTF-8; reads as Western text in Windows-1252", 0.85)
        best = from_bytes(sample, cp_isolation=_LEGACY).best()
        if best is not None:
            return self._choice(best.encoding, 0, f"not UTF-8; its letters fit {best.encoding} best", 0.6)
        return self._choice("cp1252", 0, "not UTF-8 and like nothing known; read as Windows-1252", 0.2)

    def _choice(self, encoding: str, bom: int, reason: str, confidence: float) -> EncodingChoice:
        utf8 = encoding == "utf-8"
        wide = encoding.startswith(("utf-16", "utf-32"))
        return EncodingChoice(
            encoding,
            bom,
            reason,
            confidence,
            broken=self._broken if utf8 else 0,
            replaced=self._replaced if utf8 else 0,
            nuls=0 if wide else self._nuls,
        )


def _western(text: str) -> bool:
    """Whether this reads like a Western language: its special characters only, and few of them to a word."""
    special = [char for char in text if ord(char) > 127]
    if sum(char in _WESTERN for char in special) < 0.97 * len(special):
        return False
    accented = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    letters = sum(map(len, accented))
    return sum(ord(char) > 127 for word in accented for char in word) <= 0.5 * letters + 3


def _wide(head: bytes) -> str | None:
    if len(head) < 4:
        return None
    pairs = len(head) // 2
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > 0.3 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.3 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return None


def known(told: str, head: bytes = b"") -> str:
    """Python's name of an encoding as people write it; "utf-16" takes its byte order from `head`.

    Raises EncodingUnknown for a name that is none, or no text encoding.
    """
    try:
        info = codecs.lookup(told.strip())
        "a".encode(info.name)
        name = info.name
    except (LookupError, ValueError, TypeError, AssertionError) as error:
        raise EncodingUnknown("no encoding of that name") from error
    if name == "utf-8-sig":
        return "utf-8"
    if name == "iso8859-1":
        return "cp1252"  # as browsers do: Latin-1's control characters are never meant
    if name in {"utf-16", "utf-32"}:
        big = head.startswith(codecs.BOM_UTF16_BE) or head.startswith(codecs.BOM_UTF32_BE)
        return f"{name}-{'be' if big or (not head[:1].strip(bytes(1)) and head[1:2] != bytes(1)) else 'le'}"
    if name in {"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "iso2022-jp"}:
        raise EncodingUnknown("this encoding cannot be read line by line; save the file as UTF-8")
    return name


def decode(data: bytes, encoding: str) -> str:
    """Text of whole lines. Never raises for bad bytes; NUL characters are dropped."""
    text = data.decode(encoding, READABLE)
    return text.replace("\x00", "") if "\x00" in text else text


def newline(encoding: str) -> bytes:
    """The bytes of a line feed."""
    return "\n".encode(encoding)


def split_lines(data: bytes, encoding: str, *, carriage_returns: bool = False) -> list[bytes]:
    """Cut `data` behind each line feed (or lone carriage return, as old Macs wrote); the last piece may be open.

    Joined, the pieces are `data`. In UTF-16 and UTF-32 only aligned line feeds count.
    """
    mark = "\r" if carriage_returns else "\n"
    token = mark.encode(encoding)
    width = len(token)
    if width == 1:
        pieces = data.split(token)
        lines = [piece + token for piece in pieces[:-1]]
        return [*lines, pieces[-1]] if pieces[-1] else lines
    lines = []
    start = at = 0
    while (found := data.find(token, at)) >= 0:
        if (found - start) % width:
            at = found + 1
            continue
        lines.append(data[start : found + width])
        start = at = found + width
    return [*lines, data[start:]] if start < len(data) else lines
