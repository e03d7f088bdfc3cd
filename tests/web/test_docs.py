"""The documentation page and the landing page in a real browser."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.browsing import Watch, accessibility_faults, violations


async def test_every_operation_is_readable(page: Page, gateway_url: str, watch: Watch) -> None:
    document = await (await page.request.get(f"{gateway_url}/openapi.json")).json()
    operations = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    await page.goto(f"{gateway_url}/docs")
    await expect(page.locator("article.operation").first).to_be_visible()
    shown = await page.locator("article.operation").evaluate_all("(nodes) => nodes.map((node) => node.id)")
    assert set(operations) <= set(shown)
    await page.get_by_label("Find an operation").fill("metrics")
    await expect(page.locator("#chapters li:visible")).not_to_have_count(0)
    assert watch.hosts == {gateway_url.removeprefix("http://").rstrip("/")}
    assert watch.errors == []
    assert await violations(page) == []
    assert await accessibility_faults(page) == []


async def test_landing_leads_on(page: Page, gateway_url: str, watch: Watch) -> None:
    await page.goto(gateway_url)
    await expect(page.get_by_role("link", name="API documentation")).to_have_attribute("href", "/docs")
    assert await accessibility_faults(page) == []
    assert await violations(page) == []
    assert watch.errors == []
