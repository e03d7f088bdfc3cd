"""Cases on the dashboard: the true number, what matters first, balanced beside the voices."""

from __future__ import annotations

from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from tests.support.api import Api
from tests.support.drain import until
from tests.web.browsing import Watch, accessibility_faults
from tests.web.visiting import say_all, signed_in

MANY = 105


async def many_cases(api: Api) -> None:
    """More cases than a page of the API holds, by the default rule; one of them milder than all others."""
    batch = uuid4().hex
    records = [
        {
            "channel": "app_store",
            "unit": "North",
            "ratings": [{"metric": "nps", "value": 6 if n == 0 else 1}],
            "text": f"Answer {n}: the parcel came late and nobody called me back.",
            "submission_id": f"{batch}-{n}",
        }
        for n in range(MANY)
    ]
    await say_all(api, records)

    async def opened() -> bool:
        total: int = (await api.get("/v1/cases", limit=1)).json()["total"]
        return total == MANY

    await until(opened, timeout=30, what="the cases")


async def bottom(node: Locator) -> float:
    box = await node.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


async def test_all_cases_are_counted_and_the_worst_comes_first(
    page: Page, api: Api, dashboard_url: str, watch: Watch
) -> None:
    await many_cases(api)
    await signed_in(page, dashboard_url)
    await expect(page.locator('[data-figure="cases"] .big')).to_have_text(str(MANY))
    queue = page.locator("#cases")
    await expect(queue).to_contain_text(f"{MANY} cases waiting for an answer, none overdue.")
    await expect(queue.locator("a.title").first).to_have_text("NPS 1 · App store · North")
    # Beside ten voices the list ends where they end, within one case.
    await expect(queue.locator(".said").first).not_to_be_empty()
    assert abs(await bottom(queue) - await bottom(page.locator("#verbatims"))) < 130

    await queue.get_by_role("link", name=f"See all {MANY}").click()
    await expect(page.locator("#subtitle")).to_have_text(f"{MANY} cases, most urgent first.")
    await expect(page.locator(".queue > li")).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator(".queue > li")).to_have_count(100)
    assert await accessibility_faults(page) == []
    await page.get_by_label("Order").select_option(label="Newest first")
    await expect(page.locator("#subtitle")).to_have_text(f"{MANY} cases, newest first.")
    assert page.url.endswith("?sort=opened")
    await page.get_by_role("radio", name="Ended").check()
    await expect(page.locator("#list")).to_contain_text("No case has been resolved or closed yet.")
    assert watch.errors == []


async def test_no_hole_beside_the_cases(page: Page, api: Api, dashboard_url: str) -> None:
    await many_cases(api)
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + "?unit=Elsewhere")
    await expect(page.locator("#verbatims")).to_contain_text("Nobody has said anything in this period.")
    await expect(page.locator("#board")).to_have_class("board stacked")
    # both boxes in one look, and until it holds: panels above may still be loading and push them down
    await page.wait_for_function(
        """() => {
            const box = (id) => document.querySelector(id).getBoundingClientRect();
            const [voices, cases] = [box('#verbatims'), box('#cases')];
            return voices.width === cases.width && cases.top >= voices.bottom;
        }"""
    )
    await expect(page.locator("#cases .queue > li:visible")).to_have_count(6)
    assert await accessibility_faults(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator("#board")).to_have_class("board")
    await expect(page.locator("#cases .queue > li:visible")).to_have_count(7)
