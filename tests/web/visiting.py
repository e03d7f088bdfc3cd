"""What a test of the dashboard does first: feedback sent and analysed, a person signed in."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.support.api import Api
from tests.support.drain import until


async def say(api: Api, value: int, text: str, **more: Any) -> str:
    """Send one piece of feedback; answers its id."""
    answer = await api.post(
        "/v1/feedback", {"channel": "email", "ratings": [{"metric": "nps", "value": value}], "text": text, **more}
    )
    assert answer.status == 202, answer.body
    found: str = answer.json()["id"]
    return found


async def analysed(api: Api, feedback_id: str) -> None:
    async def there() -> bool:
        return (await api.get(f"/v1/feedback/{feedback_id}")).status == 200

    await until(there, timeout=20, what="the analysis of one feedback")


async def signed_in(page: Page, dashboard_url: str) -> None:
    await page.goto(dashboard_url)
    await page.wait_for_url("**/dashboard")
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


async def say_all(api: Api, records: list[dict[str, Any]]) -> list[str]:
    """Send a batch of feedback and wait until all of it is analysed; answers the ids."""
    answer = await api.post("/v1/feedback/batch", records)
    assert answer.status == 202, answer.body
    found = [str(result["id"]) for result in answer.json()["results"]]
    for feedback_id in found:
        await analysed(api, feedback_id)
    return found
