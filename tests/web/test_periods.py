"""Which period the dashboard shows: the usual one, a longer one where that is empty, everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.foundation import clock
from tests.support.api import Api
from tests.web.browsing import Watch, accessibility_faults
from tests.web.visiting import say_all, signed_in


def nps(occurred_at: str, **more: Any) -> dict[str, Any]:
    return {
        "channel": "email",
        "ratings": [{"metric": "nps", "value": 9}],
        "text": "All was well.",
        "occurred_at": occurred_at,
        **more,
    }


OLD = [nps(f"{year}-0{month}-15T10:00:00Z") for year in range(2014, 2019) for month in (3, 4, 5)]


async def test_old_answers_are_seen_at_once(page: Page, api: Api, dashboard_url: str, watch: Watch) -> None:
    await say_all(api, OLD)
    await signed_in(page, dashboard_url)
    subtitle = page.locator("#subtitle")
    await expect(subtitle).to_contain_text("Nothing in the last 90 days, so this shows everything: 15 records in all")
    await expect(subtitle).to_contain_text("15 Mar 2014 to 15 May 2018")
    await expect(page.get_by_role("radio", name="All")).to_be_checked()
    tile = page.locator('[data-figure="nps"]')
    await expect(tile).to_contain_text("n = 15")
    await expect(tile.locator(".change")).to_have_count(0)
    await expect(page.locator('[data-figure="volume"]')).to_contain_text("15 Mar 2014 to 15 May 2018")
    await page.locator("#volume").get_by_role("button", name="Table").click()
    months = page.locator("#volume tbody tr")
    await expect(months.first).to_contain_text("Mar 2014")
    await expect(months.last).to_contain_text("May 2018")
    await expect(page.locator("#verbatims .voices > li")).to_have_count(10)
    assert "days" not in page.url
    assert watch.errors == []


async def test_no_longer_than_it_must_be(page: Page, api: Api, dashboard_url: str) -> None:
    await say_all(api, [nps((clock.now() - timedelta(days=days)).isoformat()) for days in (200, 500)])
    await signed_in(page, dashboard_url)
    await expect(page.locator("#subtitle")).to_contain_text("so this shows the last 12 months: 1 record.")
    await expect(page.get_by_role("radio", name="12 months")).to_be_checked()
    await page.get_by_role("radio", name="90 days").check()
    await expect(page.locator("#subtitle")).to_contain_text("0 records in the last 90 days")
    await page.reload()
    await expect(page.locator("#subtitle")).to_contain_text("0 records in the last 90 days")


async def test_the_usual_period_when_it_has_something(page: Page, api: Api, dashboard_url: str) -> None:
    await say_all(api, [*OLD[:1], nps(clock.now().isoformat())])
    await signed_in(page, dashboard_url)
    await expect(page.locator("#subtitle")).to_contain_text("1 record in the last 90 days")
    await expect(page.get_by_role("radio", name="90 days")).to_be_checked()


async def test_an_empty_period_leads_to_everything(page: Page, api: Api, dashboard_url: str) -> None:
    await say_all(api, OLD)
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + "?days=7")
    volume = page.locator("#volume")
    await expect(volume).to_contain_text("Nothing was received in this period.")
    assert await accessibility_faults(page) == []
    await volume.get_by_role("button", name="Show all").click()
    await expect(page.locator("#subtitle")).to_contain_text("15 records in all")
    await expect(page.get_by_role("radio", name="All")).to_be_checked()
    await expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    assert page.url.endswith("?days=all")
    await page.reload()
    await expect(page.locator("#subtitle")).to_contain_text("15 records in all")


async def test_nothing_is_promised_where_filters_match_nothing(page: Page, api: Api, dashboard_url: str) -> None:
    await say_all(api, OLD[:1])
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + "?days=7&channel=kiosk")
    await expect(page.locator("#volume")).to_contain_text("Nothing was received in this period.")
    await expect(page.get_by_role("button", name="Show all")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1440])
async def test_everything_fits(page: Page, api: Api, dashboard_url: str, width: int) -> None:
    await say_all(api, [*OLD[:3], nps("2016-02-01T08:00:00Z", channel="app_store", unit="north")])
    await page.set_viewport_size({"width": width, "height": 900})
    await signed_in(page, dashboard_url)
    await expect(page.locator("#subtitle")).to_contain_text("4 records in all")
    await expect(page.locator(".waiting")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.locator('[name="channel"]').select_option(label="App store")
    await expect(page.locator("#subtitle")).to_contain_text("1 record in all, 1 Feb 2016")
