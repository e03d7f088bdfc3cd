"""Uploads: parts of one size whatever the chunks, forms cut anywhere, and nothing kept in memory."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports import upload as module
from ingest_service.imports.upload import FormReader, Upload, media_type
from shared.contracts.problems import Code, Problem

FORM = (
    b'--xyz\r\nContent-Disposition: form-data; name="mapping"\r\n\r\nscore=nps\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xa4.csv"\r\nContent-Type: text/csv\r\n\r\n'
    b"score,why\r\n9,good\r\n--xy is no end\r\n--xyz--\r\n"
)
INSIDE = b"score,why\r\n9,good\r\n--xy is no end"


class Kept:
    """What an upload stored."""

    def __init__(self, part_bytes: int = 8) -> None:
        self.parts: list[tuple[int, bytes]] = []
        self.upload = Upload(self._keep, part_bytes)

    async def _keep(self, start: int, part: bytes) -> None:
        self.parts.append((start, part))


@given(st.lists(st.binary(max_size=30), max_size=10))
async def test_parts_have_one_size_and_are_the_file(chunks: list[bytes]) -> None:
    kept = Kept()
    for chunk in chunks:
        await kept.upload.add(chunk)
    whole = b"".join(chunks)
    assert await kept.upload.close() == hashlib.sha256(whole).hexdigest()
    assert b"".join(part for _, part in kept.parts) == whole == kept.upload.head
    assert [start for start, _ in kept.parts] == list(range(0, len(whole), 8))
    assert kept.upload.size == len(whole)


async def test_the_limit_holds_while_it_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIZE_LIMIT", 20)
    kept = Kept()
    await kept.upload.add(b"x" * 20)
    with pytest.raises(Problem) as caught:
        await kept.upload.add(b"y")
    assert caught.value.code is Code.BODY_TOO_LARGE


@given(st.integers(1, len(FORM)))
async def test_a_form_is_read_wherever_it_is_cut(size: int) -> None:
    kept = Kept()
    form = FormReader("multipart/form-data; boundary=xyz", kept.upload)
    for start in range(0, len(FORM), size):
        await form.add(FORM[start : start + size])
    form.close()
    await kept.upload.close()
    assert b"".join(part for _, part in kept.parts) == INSIDE
    assert (form.fields, form.filename) == ({"mapping": "score=nps"}, "a ä.csv")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (FORM[:-6], Code.REQUEST_MALFORMED),
        (b"--other\r\n\r\n", Code.REQUEST_MALFORMED),
        (b'--xyz\r\nContent-Disposition: form-data; name="mapping"\r\n\r\nx\r\n--xyz--\r\n', Code.BODY_INVALID),
        (b'--xyz\r\nContent-Disposition: form-data; name="colour"\r\n\r\nx\r\n--xyz--\r\n', Code.BODY_INVALID),
        (b'--xyz\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n' + b"x" * 300_000, Code.BODY_TOO_LARGE),
    ],
)
async def test_forms_that_do_not_fit(body: bytes, code: Code) -> None:
    form = FormReader("multipart/form-data; boundary=xyz", Kept().upload)

    async def whole() -> None:
        await form.add(body)
        form.close()

    with pytest.raises(Problem) as caught:
        await whole()
    assert caught.value.code is code


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 71, "; boundary=" + "x" * 3_000])
def test_boundaries_that_are_none(boundary: str) -> None:
    with pytest.raises(Problem) as caught:
        FormReader("multipart/form-data" + boundary, Kept().upload)
    assert caught.value.code is Code.REQUEST_MALFORMED


def test_content_types() -> None:
    assert media_type("Text/CSV; Charset=ISO-8859-1") == ("text/csv", {"charset": "ISO-8859-1"})
    assert media_type("")[0] == "application/octet-stream"
    assert media_type('multipart/form-data; boundary="a b"')[0] == "multipart/form-data"
