"""The dashboard in a real browser, signed in by its link, over the real stack."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.support.api import Api
from tests.support.drain import until
from tests.web.browsing import Watch, accessibility_faults, violations
from tests.web.visiting import analysed, say, signed_in


async def test_new_feedback_appears_without_reload(
    page: Page, api: Api, dashboard_url: str, gateway_url: str, watch: Watch
) -> None:
    await analysed(api, await say(api, 9, "First of all, thank you."))
    await signed_in(page, dashboard_url)
    await page.evaluate("window.__sameDocument = true")
    words = f"Fresh words {uuid4().hex[:8]}"
    await say(api, 10, words)
    await expect(page.locator("#verbatims").get_by_text(words)).to_be_visible(timeout=8_000)
    assert await page.evaluate("window.__sameDocument") is True
    assert watch.hosts == {gateway_url.removeprefix("http://").rstrip("/")}
    assert watch.errors == []
    assert await violations(page) == []


async def test_scores_stand_beside_their_count_and_interval(page: Page, api: Api, dashboard_url: str) -> None:
    last = ""
    for n in range(12):
        last = await say(api, 10 if n % 3 else 2, f"Answer number {n}", submission_id=f"counted-{uuid4().hex}")
    await analysed(api, last)
    await signed_in(page, dashboard_url)
    tile = page.locator('[data-figure="nps"]')
    await expect(tile).to_contain_text("95 % interval")
    await expect(tile).to_contain_text("n = ")
    await expect(page.locator("#trend .readout")).to_contain_text("n = ")
    await page.locator("#trend").get_by_role("button", name="Table").click()
    await expect(page.locator("#trend table")).to_contain_text("95 % interval")


async def test_few_answers_are_not_a_score(page: Page, api: Api, dashboard_url: str) -> None:
    unit = f"Unit {uuid4().hex[:6]}"
    await analysed(api, await say(api, 3, "Alone in this unit", unit=unit))
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + f"?unit={unit}")
    await expect(page.locator('[data-figure="nps"]')).to_contain_text("Too few to say: 1 answer")


async def test_leads_with_the_score_there_is(page: Page, api: Api, dashboard_url: str) -> None:
    unit = f"Stars {uuid4().hex[:6]}"
    records = [
        {"channel": "reviews", "unit": unit, "ratings": [{"metric": "stars", "value": 4 + n % 2}]} for n in range(12)
    ]
    answer = await api.post("/v1/feedback/batch", records)
    assert answer.status == 202, answer.body
    for result in answer.json()["results"]:
        await analysed(api, result["id"])
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + f"?unit={unit}")
    tile = page.locator('[data-figure="stars"]')
    await expect(tile).to_contain_text("4.5")
    await expect(tile).to_contain_text("on a scale of 1 to 5")
    await expect(page.get_by_role("heading", name="Stars over time")).to_be_visible()
    await expect(page.locator("#trend .readout")).to_contain_text("n = 12")


async def test_hostile_text_stays_text(page: Page, api: Api, dashboard_url: str, watch: Watch) -> None:
    mark = uuid4().hex[:8]
    words = f'{mark} <img src=x onerror="document.title=1"><script>document.title=2</script>'
    await analysed(api, await say(api, 1, words))
    await signed_in(page, dashboard_url)
    await expect(page.locator("#verbatims").get_by_text(mark)).to_contain_text("<script>")
    assert await page.locator("#verbatims img, #verbatims script").count() == 0
    assert await page.title() == "Overview · cxloop"
    assert watch.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_accessible(page: Page, api: Api, dashboard_url: str, scheme: Any) -> None:
    await analysed(api, await say(api, 8, "Good, but the invoice is hard to read."))
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await signed_in(page, dashboard_url)
    await expect(page.locator(".waiting")).to_have_count(0)
    assert await accessibility_faults(page) == []


async def test_fits_a_phone(page: Page, api: Api, dashboard_url: str) -> None:
    await analysed(api, await say(api, 8, "From a phone."))
    await page.set_viewport_size({"width": 390, "height": 844})
    await signed_in(page, dashboard_url)
    await expect(page.locator(".waiting")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_not_signed_in_leads_to_the_sign_in_page(page: Page, gateway_url: str) -> None:
    await page.goto(f"{gateway_url}/dashboard")
    await page.wait_for_url("**/sign-in?next=*")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("E-mail").fill("nobody@example.com")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not match")
    assert await accessibility_faults(page) == []


async def test_a_case_is_moved_noted_and_told(page: Page, api: Api, dashboard_url: str) -> None:
    text = f"Nobody called me back {uuid4().hex[:8]}"
    rule = await api.post(
        "/v1/rules",
        {
            "name": f"Detractors {uuid4().hex[:6]}",
            "condition": {"field": "rating.nps", "op": "lte", "value": 6},
            "actions": [{"type": "open_case", "owner": None}],
        },
    )
    assert rule.status == 201, rule.body
    feedback_id = await say(api, 0, text)

    async def opened() -> str:
        found = await api.get("/v1/cases", feedback_id=feedback_id)
        data = found.json()["data"]
        return str(data[0]["id"]) if data else ""

    case_id = await until(opened, timeout=20, what="the case")
    await signed_in(page, dashboard_url)
    await page.goto(page.url.split("?")[0] + f"/cases/{case_id}")
    await expect(page.locator("#said")).to_contain_text(text)
    await page.get_by_label("Move to").select_option("contacting")
    await page.get_by_role("button", name="Move", exact=True).click()
    await expect(page.locator("#history")).to_contain_text("to Contacting")
    await page.get_by_label("Note for colleagues").fill("Left a message.")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator("#history")).to_contain_text("Left a message.")
    await page.get_by_role("button", name="The customer was informed").click()
    await expect(page.locator("#informed")).to_contain_text("Informed")
    assert await accessibility_faults(page) == []
    case = (await api.get(f"/v1/cases/{case_id}")).json()
    assert case["status"] == "contacting"
    assert case["customer_informed_at"] is not None
