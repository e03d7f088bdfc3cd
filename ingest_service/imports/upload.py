"""An upload while it streams: bytes go to PostgreSQL in parts of 1 MiB; memory stays bounded whatever the size.

The raw file with its own content type, or multipart/form-data with the fields file, mapping, dry_run, filename.
What is learnt on the way: the digest, the encoding (over the whole file), the first 256 KiB for the layout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ingest_service.imports.decoding import EncodingScout
from shared.contracts.problems import Code, Problem

SIZE_LIMIT: Final = 1024 * 1024 * 1024
HEAD_BYTES: Final = 256 * 1024
FIELD_LIMIT: Final = 256 * 1024
BOUNDARY_LIMIT: Final = 70
"""RFC 2046, 5.1.1."""
FIELDS: Final = frozenset({"file", "mapping", "dry_run", "filename"})

FORMATS: Final = {
    "text/csv": "csv", "application/csv": "csv", "text/plain": None, "text/tab-separated-values": "csv",
    "application/vnd.ms-excel": None, "application/octet-stream": None, "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl", "application/jsonl": "jsonl", "application/x-jsonlines": "jsonl",
    "application/json-lines": "jsonl", "application/x-jsonl": "jsonl",
}  # fmt: skip
"""Content types taken, with the format they tell (None: it is sniffed)."""

Keep = Callable[[int, bytes], Awaitable[None]]


def too_large() -> Problem:
    """The answer to more than 1 GiB."""
    return Problem(Code.BODY_TOO_LARGE, "A file may have 1 GiB. Split it: rows that come twice are recognised.")


@dataclass(slots=True)
class Upload:
    """Receives chunks in order; `keep(start, part)` stores each full part."""

    keep: Keep
    part_bytes: int
    scout: EncodingScout = field(default_factory=EncodingScout)
    head: bytes = b""
    size: int = 0
    _sha: hashlib._Hash = field(default_factory=hashlib.sha256)
    _buffer: bytearray = field(default_factory=bytearray)

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes of the file. Raises Problem(BODY_TOO_LARGE)."""
        self._buffer += chunk
        if self.size + len(self._buffer) > SIZE_LIMIT:
            raise too_large()
        while len(self._buffer) >= self.part_bytes:
            part = bytes(self._buffer[: self.part_bytes])
            del self._buffer[: self.part_bytes]
            await self._flush(part)

    async def close(self) -> str:
        """Store the rest; returns the hex digest of the file."""
        if self._buffer:
            part, self._buffer = bytes(self._buffer), bytearray()
            await self._flush(part)
        return self._sha.hexdigest()

    async def _flush(self, part: bytes) -> None:
        self._sha.update(part)
        self.scout.feed(part)
        if len(self.head) < HEAD_BYTES:
            self.head += part[: HEAD_BYTES - len(self.head)]
        await self.keep(self.size, part)
        self.size += len(part)


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """("text/csv", {"charset": ...}) of a Content-Type header."""
    message = Message()
    message["content-type"] = header or "application/octet-stream"
    options = {key.lower(): value for key, value in message.get_params(failobj=[])[1:]}
    return message.get_content_type(), options


class FormReader:
    """Feeds the file field of a multipart form into an upload and keeps the small fields as text."""

    def __init__(self, content_type: str, upload: Upload) -> None:
        boundary = parse_options_header(content_type.encode())[1].get(b"boundary")
        if not boundary or len(boundary) > BOUNDARY_LIMIT:
            raise Problem(Code.REQUEST_MALFORMED, "The multipart form tells no boundary, or one beyond 70 characters.")
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.has_file = False
        self._upload = upload
        self._name = ""
        self._header = b""
        self._headers: dict[bytes, bytes] = {}
        self._values: dict[str, bytearray] = {}
        self._file_bytes: list[bytes] = []
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_begin": self._header_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_headers_finished": self._headers_done,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes of the form. Raises Problem when it is no form that fits."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise Problem(Code.REQUEST_MALFORMED, "The multipart form cannot be read.") from None
        for piece in self._file_bytes:
            await self._upload.add(piece)
        self._file_bytes.clear()

    def close(self) -> None:
        """The form is whole. Raises Problem when it is not, or has no file."""
        if not self._ended:
            raise Problem(Code.REQUEST_MALFORMED, "The multipart form ends too early.")
        if not self.has_file:
            raise Problem(Code.BODY_INVALID, 'Send the file in the form field "file".')
        try:
            self.fields = {name: bytes(value).decode() for name, value in self._values.items()}
        except UnicodeDecodeError:
            raise Problem(Code.BODY_INVALID, "Form fields must be UTF-8.") from None

    def _begin(self) -> None:
        self._headers = {}

    def _header_begins(self) -> None:
        self._header = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].lower()  # a chunk may end anywhere, in the middle of a name too

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[self._header] = self._headers.get(self._header, b"") + data[start:end]

    def _headers_done(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition", b""))[1]
        self._name = options.get(b"name", b"").decode(errors="replace")
        if self._name not in FIELDS:
            raise Problem(Code.BODY_INVALID, f"The form has the fields {', '.join(sorted(FIELDS))} and no others.")
        if self._name == "file":
            if self.has_file:
                raise Problem(Code.BODY_INVALID, "Send one file per import.")
            self.has_file = True
            self.filename = options.get(b"filename", b"").decode(errors="replace") or None
        else:
            self._values[self._name] = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self._file_bytes.append(data[start:end])
            return
        value = self._values[self._name]
        value += data[start:end]
        if len(value) > FIELD_LIMIT:
            raise Problem(Code.BODY_TOO_LARGE, "A form field other than the file may have 256 KiB.")

    def _end(self) -> None:
        self._ended = True
