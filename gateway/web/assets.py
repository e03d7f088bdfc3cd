"""Which files a browser may load, and how each is answered: content type, compression, ETag, caching.

A file is served only if it stands in the catalogue. Our own scripts and style sheets are found by their folder;
files of libraries are named one by one, so that nothing else under `node_modules` can ever be asked for.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

WEB: Final = Path(__file__).resolve().parent
OWN_FOLDERS: Final = ("styles", "scripts", "dashboard", "docs", "sign_in", "landing")
CONTENT_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_INTER: Final = "node_modules/@fontsource-variable/inter/files/inter"
LIBRARIES: Final = {
    "lib/uplot.js": "node_modules/uplot/dist/uPlot.esm.js",
    "lib/uplot.css": "node_modules/uplot/dist/uPlot.min.css",
    "lib/inter-latin.woff2": f"{_INTER}-latin-wght-normal.woff2",
    "lib/inter-latin-ext.woff2": f"{_INTER}-latin-ext-wght-normal.woff2",
}
FOREVER: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: `body` plain, `packed` gzip (None where it would not be smaller), strong `etag`."""

    body: bytes
    packed: bytes | None
    content_type: str
    etag: str


class Catalogue:
    """The files that may be asked for, by the path after `/assets/<build>/`; read once, read again when one changes."""

    def __init__(self, web: Path = WEB) -> None:
        self._paths = {name: web / path for name, path in LIBRARIES.items()}
        for folder in OWN_FOLDERS:
            for file in sorted((web / folder).rglob("*")):
                if file.suffix in CONTENT_TYPES:
                    self._paths[file.relative_to(web).as_posix()] = file
        self._paths["widget/v1.js"] = web / "widget/v1.js"
        self._read: dict[str, tuple[int, Asset]] = {}

    @property
    def missing(self) -> list[str]:
        """Library files that set-up has not brought yet (`npm ci` in gateway/web)."""
        return [name for name in LIBRARIES if not self._paths[name].is_file()]

    def get(self, name: str) -> Asset | None:
        """The asset of this name, or None where the catalogue has none or its file is not there."""
        path = self._paths.get(name)
        if path is None:
            return None
        try:
            changed = path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        known = self._read.get(name)
        if known is None or known[0] != changed:
            known = (changed, _load(path))
            self._read[name] = known
        return known[1]

    def build(self) -> str:
        """A short name of the whole content: equal on every machine that serves the same files."""
        digest = hashlib.sha256()
        for name in sorted(self._paths):
            asset = self.get(name)
            digest.update(f"{name}:{asset.etag if asset else '-'}\n".encode())
        return digest.hexdigest()[:12]


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    packed = None if path.suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(
        body=body,
        packed=packed if packed is not None and len(packed) < len(body) else None,
        content_type=CONTENT_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
    )


def answer(request: Request, asset: Asset, *, cache: str, cross_origin: bool = False) -> Response:
    """The HTTP answer for one asset: 304 where the browser has it, gzip where it takes it.

    `cross_origin`: pages of other sites may load it (the widget), also with `crossorigin` and `integrity`.
    """
    headers = {
        "Cache-Control": cache,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin" if cross_origin else "same-origin",
    }
    if cross_origin:
        headers["Access-Control-Allow-Origin"] = "*"
    offered = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in offered:
        return Response(status_code=304, headers=headers)
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.content_type, headers=headers)
    return Response(asset.body, media_type=asset.content_type, headers=headers)
