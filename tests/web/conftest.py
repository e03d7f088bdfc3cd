"""Fixtures of the browser tests: one Chromium per session, one context per test, a customer's shop beside the gateway.

They need of the stack only `gateway_url`, `secret_key` and `dashboard_url` (tests/conftest.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.api import Api
from tests.web.browsing import Watch
from tests.web.chromium import chromium
from tests.web.shop import Shop, running_shop

# Generous: two workers, their servers and browsers share two cores. What is right passes at once all the same.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, as the npm package carries it."""
    found = chromium()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=found.executable,
            env={**found.environment},
            args=["--no-sandbox", "--headless=shell"],
        )
        yield started
        await started.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookies, no storage."""
    opened = await browser.new_context(
        locale="en-GB", timezone_id="Europe/Berlin", viewport={"width": 1440, "height": 900}
    )
    yield opened
    await opened.close()


@pytest.fixture
async def watch(context: BrowserContext) -> Watch:
    return await Watch.over(context)


@pytest.fixture
async def page(context: BrowserContext, watch: Watch) -> Page:
    """A page whose errors, hosts and policy violations are watched."""
    opened = await context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    return opened


@pytest.fixture
async def api(gateway_url: str, secret_key: str) -> AsyncIterator[Api]:
    """The public API with the organisation's secret key."""
    client = Api(gateway_url, {"authorization": f"Bearer {secret_key}"})
    yield client
    await client.close()


@pytest.fixture
async def shop(gateway_url: str, api: Api) -> AsyncIterator[Shop]:
    """A customer's website whose origin a publishable key of its own allows."""
    async with running_shop(gateway_url) as opened:
        made = await api.post(
            "/v1/api-keys", {"kind": "publishable", "name": "shop of a test", "allowed_origins": [opened.origin]}
        )
        assert made.status == 201, made.body
        opened.key = made.json()["key"]
        yield opened
