"""Which files are served, and that nothing else is."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from gateway.web.assets import LIBRARIES, WEB, Catalogue

HTML_PARSERS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|\.style\s*=\s"
)
# An address outside, but for the name space of SVG.
OUTSIDE = re.compile(r"""["'(](?:https?:)?//(?!\$\{)(?!www\.w3\.org/2000/svg)[a-z0-9.-]+\.[a-z]{2,}""")


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


def test_libraries_are_there(catalogue: Catalogue) -> None:
    assert catalogue.missing == []
    for name in LIBRARIES:
        assert catalogue.get(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "pages.py",
        "../app.py",
        "dashboard/../pages.py",
        "package.json",
        "package-lock.json",
        "dashboard/overview.html",
        "node_modules/uplot/dist/uPlot.esm.js",
        "node_modules/uplot/package.json",
        "/etc/hostname",
        "",
        "lib/",
        "lib/uplot.js\x00",
    ],
)
def test_nothing_else_is_served(catalogue: Catalogue, name: str) -> None:
    assert catalogue.get(name) is None


def test_packed_is_the_same_content(catalogue: Catalogue) -> None:
    asset = catalogue.get("scripts/dom.js")
    assert asset is not None
    assert asset.packed is not None
    assert gzip.decompress(asset.packed) == asset.body == (WEB / "scripts/dom.js").read_bytes()


def test_build_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles/a.css").write_text("a {}")
    first = Catalogue(tmp_path)
    build = first.build()
    assert build == Catalogue(tmp_path).build()
    (tmp_path / "styles/a.css").write_text("a { color: red }")
    assert first.build() != build


@pytest.mark.parametrize("path", sorted(WEB.glob("*/*.js")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_scripts_parse_no_html_and_name_no_other_host(path: Path) -> None:
    text = path.read_text()
    assert HTML_PARSERS.findall(re.sub(r"//.*|/\*[\s\S]*?\*/", "", text)) == []
    assert [found for found in OUTSIDE.findall(text) if "example" not in found] == []
    assert text.count("\n") <= 400


@pytest.mark.parametrize("path", sorted(WEB.glob("*/*.html")), ids=lambda path: path.name)
def test_pages_hold_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text) == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    for folder in (WEB, WEB.parents[1] / "tests/web"):
        lock = (folder / "package-lock.json").read_text()
        assert '"resolved"' not in lock
        assert lock.count('"integrity"') == lock.count('"node_modules/')
