"""What a browser test watches: policy violations, script errors, hosts that were asked, accessibility rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request

from tests.web.chromium import MODULES

_WATCH = """
  window.__violations = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    window.__violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Watch:
    """What was seen while pages of one context were open."""

    hosts: set[str] = field(default_factory=set)
    """`host:port` of every request."""
    errors: list[str] = field(default_factory=list)
    """Uncaught errors and what the console calls an error."""

    @classmethod
    async def over(cls, context: BrowserContext) -> Watch:
        """Start watching every page of this context."""
        watch = cls()
        await context.add_init_script(_WATCH)
        context.on("request", watch._request)
        context.on("console", watch._console)
        context.on("weberror", lambda error: watch.errors.append(str(error.error)))
        return watch

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            self.hosts.add(parts.netloc)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


async def violations(page: Page) -> list[str]:
    """Content-Security-Policy violations of this page so far."""
    found: list[str] = await page.evaluate("window.__violations")
    return found


async def accessibility_faults(page: Page) -> list[str]:
    """Faults against WCAG 2.2 A and AA that axe-core finds on this page, one line each; shadow roots included."""
    source = (MODULES / "axe-core/axe.min.js").read_text()
    await page.evaluate(source)
    found: dict[str, Any] = await page.evaluate(
        "(rules) => axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] })", RULES
    )
    return [
        f"{fault['id']}: {fault['help']}: " + json.dumps([node["html"][:160] for node in fault["nodes"]][:3])
        for fault in found["violations"]
    ]
