"""What an upload must be, and how its file is laid out: content type, size, encoding, delimiter (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from ingest_service.imports.decoding import EncodingUnknown, decode
from ingest_service.imports.layout import Layout, LayoutRefused, sniff
from ingest_service.imports.mapping import Mapping as Told
from ingest_service.imports.mapping import MappingRefused, read_mapping
from ingest_service.imports.upload import FORMATS, SIZE_LIMIT, Upload, media_type, too_large
from shared.contracts.problems import Code, FieldProblem, Problem


def kind_of(headers: Mapping[str, str]) -> tuple[str, str | None]:
    """(media type, charset told). Raises Problem for what is no CSV, JSONL or form, and for what is too large."""
    kind, options = media_type(headers.get("content-type", ""))
    if kind != "multipart/form-data" and kind not in FORMATS:
        raise Problem(
            Code.CONTENT_TYPE_UNSUPPORTED,
            "Send the file with Content-Type: text/csv or application/x-ndjson, or as multipart/form-data.",
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(Code.CONTENT_TYPE_UNSUPPORTED, "Send the file uncompressed.")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > SIZE_LIMIT + 1024 * 1024:
        raise too_large()
    return kind, options.get("charset")


def with_charset(told: Told, charset: str | None) -> Told:
    """A charset other than UTF-8 is meant; charset=utf-8 is what clients add without looking."""
    if told.encoding is None and charset and charset.lower().replace("_", "-") not in ("utf-8", "us-ascii"):
        return replace(told, encoding=charset)
    return told


def layout_of(upload: Upload, told: Told, format: Literal["csv", "jsonl"] | None) -> Layout:
    """The layout of a file that has arrived whole. Raises LayoutRefused, EncodingUnknown."""
    choice = upload.scout.choose(told.encoding)
    head = upload.head[choice.bom :]
    layout = sniff(
        decode(head, choice.encoding), encoding=choice.encoding, bom=choice.bom,
        complete=upload.size <= len(upload.head), format=format, delimiter=told.delimiter, header=told.header,
    )  # fmt: skip
    reasons = {"encoding": choice.reason, **layout.reasons}
    if choice.broken:
        reasons["broken_bytes"] = f"{choice.broken} byte sequences that are not UTF-8, read as Windows-1252"
    if choice.replaced:
        reasons["broken_text"] = (
            f"{choice.replaced} characters were lost before the file came here (U+FFFD); kept as they are"
        )
    if choice.nuls:
        reasons["nul_characters"] = f"{choice.nuls} NUL characters are left out"
    return replace(layout, reasons=reasons)


def mapping_of(told: str | None) -> Told:
    """The mapping of a query parameter or form field. Raises Problem(PARAMETER_INVALID)."""
    try:
        return read_mapping(told)
    except MappingRefused as error:
        raise as_problem(error) from None


def as_problem(error: Exception) -> Exception:
    """What a fault of the file or of the mapping is to the client; any other error as it is."""
    if isinstance(error, MappingRefused):
        fault = FieldProblem(f"?mapping{error.pointer}", "mapping_invalid", error.detail)
        return Problem(Code.PARAMETER_INVALID, "Mend the mapping.", [fault])
    if isinstance(error, LayoutRefused | EncodingUnknown):
        return Problem(Code.BODY_INVALID, f"The file cannot be read: {error}.")
    return error
