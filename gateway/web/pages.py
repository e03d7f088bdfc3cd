"""The pages of the gateway: landing, sign-in, dashboard, documentation; and the files they load.

The pages hold no data: every figure comes from the public API, asked by the page's own script with the session
cookie. So they are the same for everybody, need no database, and are served under the strictest policy there is.
`gateway/accounts` takes `GET /sign-in?token=…` (a sign-in link) before this router does, and shows `sign_in_page`
with a notice when the link no longer works.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.web.assets import FOREVER, REVALIDATE, WEB, Catalogue, answer
from shared.contracts.problems import RETRYABLE_AFTER_S, STATUS, Code

# `font-src` is the one addition to the plainest policy: the typeface is ours, from the same origin.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
PAGE_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": REVALIDATE,
}
READ: Final = ["GET", "HEAD"]
WIDGET_CACHE: Final = "public, max-age=300, stale-while-revalidate=86400"

router = APIRouter(include_in_schema=False)
catalogue = Catalogue()
_templates = Environment(
    loader=FileSystemLoader(WEB),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, title: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """One of our pages, with the policy that every page carries."""
    html = _templates.get_template(template).render(
        title=title, assets=f"/assets/{catalogue.build()}", missing=catalogue.missing, **values
    )
    return HTMLResponse(html, status_code=status, headers=PAGE_HEADERS)


@router.api_route("/", methods=READ)
async def landing() -> Response:
    return page("landing/landing.html", "cxloop")


def sign_in_page(notice: str | None = None, *, status: int = 200) -> HTMLResponse:
    """The page that asks for e-mail and password; `notice` says why somebody is sent here, e.g. a used-up link."""
    return page("sign_in/sign_in.html", "Sign in", status=status, notice=notice)


@router.api_route("/sign-in", methods=READ)
async def sign_in() -> Response:
    return sign_in_page()


@router.api_route("/docs", methods=READ)
async def docs() -> Response:
    errors = [(code.value, *STATUS[code], code in RETRYABLE_AFTER_S) for code in Code]
    return page("docs/docs.html", "API", errors=errors)


@router.api_route("/dashboard", methods=READ)
async def overview() -> Response:
    return page("dashboard/overview.html", "Overview", here="overview")


@router.api_route("/dashboard/cases", methods=READ)
async def cases() -> Response:
    return page("dashboard/cases.html", "Cases", here="cases")


@router.api_route("/dashboard/cases/{case_id}", methods=READ)
async def case(case_id: str) -> Response:
    return page("dashboard/case.html", "Case", here="cases")


@router.api_route("/dashboard/", methods=READ)
async def overview_with_slash() -> Response:
    return RedirectResponse("/dashboard", status_code=308)


@router.api_route("/favicon.ico", methods=READ)
async def icon(request: Request) -> Response:
    return _asset(request, "styles/icon.svg", cache=WIDGET_CACHE)


@router.api_route("/widget/v1.js", methods=READ)
async def widget(request: Request) -> Response:
    """The survey widget: short-lived in caches, because a page that embeds it names no version."""
    found = catalogue.get("widget/v1.js")
    if found is None:
        return page("landing/not_found.html", "Not found", status=404)
    return answer(request, found, cache=WIDGET_CACHE, cross_origin=True)


@router.api_route("/assets/{build}/{name:path}", methods=READ)
async def asset(request: Request, build: str, name: str) -> Response:
    """A script, style sheet or library file; for ever in caches when asked by the present build's name."""
    return _asset(request, name, cache=FOREVER if build == catalogue.build() else REVALIDATE)


def _asset(request: Request, name: str, *, cache: str) -> Response:
    found = catalogue.get(name)
    if found is None:
        return page("landing/not_found.html", "Not found", status=404)
    return answer(request, found, cache=cache)
