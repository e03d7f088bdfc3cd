"""A customer's website for tests: another origin, the strictest policy, the widget embedded as in examples/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape

from aiohttp import web

from tests.web.chromium import ROOT

PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>Shop</title></head>
<body><main><h1>Thank you for your order</h1>
<p><button type="button" id="before">A button of this page</button> <a href="/other">Another page</a></p></main>
<script src="{gateway}/widget/v1.js" data-key="{key}" {options} async></script></body></html>"""


class Shop:
    """Serves the page; `origin` is what a key has to allow. Set `options` before a visit."""

    def __init__(self, gateway_url: str) -> None:
        self.gateway_url = gateway_url.rstrip("/")
        self.origin = ""
        self.key = ""

    def page(self, *, language: str = "en", direction: str = "ltr", **options: str) -> str:
        """The address of a page whose widget has these data attributes (`touchpoint="checkout"`)."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"{self.origin}/{language}/{direction}?{query}"

    async def _page(self, request: web.Request) -> web.Response:
        options = " ".join(f'data-{name.replace("_", "-")}="{escape(value)}"' for name, value in request.query.items())
        body = PAGE.format(
            language=request.match_info["language"],
            direction=request.match_info["direction"],
            gateway=self.gateway_url,
            key=self.key,
            options=options,
        )
        policy = (
            f"default-src 'none'; script-src {self.gateway_url}; connect-src {self.gateway_url}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
        )
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _example(self, _: web.Request) -> web.Response:
        """examples/widget.html as a reader would complete it: with his gateway's address and his key."""
        text = (ROOT / "examples/widget.html").read_text()
        text = text.replace("http://127.0.0.1:8080", self.gateway_url).replace("cxl_pk_YOUR_PUBLISHABLE_KEY", self.key)
        return web.Response(text=text, content_type="text/html")

    async def _other(self, _: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>Other</title><p>Another page", content_type="text/html")


@asynccontextmanager
async def running_shop(gateway_url: str) -> AsyncIterator[Shop]:
    """Serve the shop on a free port of this machine."""
    shop = Shop(gateway_url)
    app = web.Application()
    app.router.add_get("/other", shop._other)
    app.router.add_get("/example", shop._example)
    app.router.add_get("/{language}/{direction}", shop._page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        shop.origin = f"http://127.0.0.1:{port}"
        yield shop
    finally:
        await runner.cleanup()
