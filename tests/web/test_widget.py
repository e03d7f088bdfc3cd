"""The survey widget on a customer's page, in a real browser, down to the stored feedback."""

from __future__ import annotations

import gzip
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, Page, expect

from gateway.web.assets import WEB
from tests.support.api import Api
from tests.support.drain import until
from tests.web.browsing import Watch, accessibility_faults, violations
from tests.web.shop import Shop

QUESTION = "How likely are you to recommend us"


async def stored(api: Api, touchpoint: str, *, text: str | None = None) -> list[dict[str, Any]]:
    """The analysed feedback of this test, once there is some (with `text`, once it has that text)."""

    async def found() -> list[dict[str, Any]]:
        answer = await api.get("/v1/feedback", touchpoint=touchpoint)
        assert answer.status == 200, answer.body
        data: list[dict[str, Any]] = answer.json()["data"]
        return data if text is None or any(one["text"] == text for one in data) else []

    return await until(found, timeout=20, what=f"feedback of {touchpoint}")


@pytest.fixture
def touchpoint() -> str:
    return f"test-{uuid4().hex[:10]}"


def test_size() -> None:
    packed = gzip.compress((WEB / "widget/v1.js").read_bytes(), 9)
    assert len(packed) <= 8 * 1024


async def test_keyboard_alone_completes(page: Page, shop: Shop, api: Api, touchpoint: str, watch: Watch) -> None:
    await page.goto(shop.page(touchpoint=touchpoint, trigger="manual"))
    await page.wait_for_function("Boolean(window.cxloop?.open)")
    await page.focus("#before")
    await page.evaluate("window.cxloop.open()")
    await expect(page.get_by_role("radio", name="0, Not at all likely", exact=True)).to_be_focused()
    await page.keyboard.press("Space")
    for _ in range(9):
        await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="9", exact=True)).to_be_checked()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("textbox")).to_be_focused()
    text = f"Keyboard words {touchpoint}"
    await page.keyboard.type(text)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Send")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-cxloop]")).to_have_count(0)
    await expect(page.locator("#before")).to_be_focused()

    (one,) = await stored(api, touchpoint, text=text)
    assert [(rating["metric"], rating["value"]) for rating in one["ratings"]] == [("nps", 9)]
    assert one["channel"] == "widget"
    assert await violations(page) == []
    assert watch.errors == []


async def test_enter_on_a_score_sends_it(page: Page, shop: Shop, api: Api, touchpoint: str) -> None:
    await page.goto(shop.page(touchpoint=touchpoint, delay="0"))
    await page.get_by_role("radio", name="10,").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("choose a number")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    (one,) = await stored(api, touchpoint)
    assert one["ratings"][0]["value"] == 10


async def test_strict_policy_and_no_other_host(page: Page, shop: Shop, watch: Watch, context: BrowserContext) -> None:
    await page.goto(shop.page(delay="0", accent="%23d97706"))
    await expect(page.get_by_text(QUESTION)).to_be_visible()
    await page.get_by_role("radio", name="7", exact=True).click()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    assert await violations(page) == []
    assert watch.errors == []
    assert watch.hosts == {shop.origin.removeprefix("http://"), shop.gateway_url.removeprefix("http://")}
    assert await context.cookies() == []


async def test_score_first_comment_later_is_one_voice(page: Page, shop: Shop, api: Api, touchpoint: str) -> None:
    await page.goto(shop.page(touchpoint=touchpoint, delay="0"))
    await page.get_by_role("radio", name="2", exact=True).click()
    (first,) = await stored(api, touchpoint)
    assert first["text"] is None
    text = f"The reason came later {touchpoint}"
    await page.get_by_role("textbox").fill(text)
    await page.get_by_role("button", name="Send").click()
    (second,) = await stored(api, touchpoint, text=text)
    assert second["id"] == first["id"]


async def test_leaving_the_page_keeps_what_was_chosen(page: Page, shop: Shop, api: Api, touchpoint: str) -> None:
    await page.goto(shop.page(touchpoint=touchpoint, delay="0"))
    await page.get_by_role("radio", name="4", exact=True).click()
    text = f"Half a sentence {touchpoint}"
    await page.get_by_role("textbox").fill(text)
    await page.goto(f"{shop.origin}/other")
    (one,) = await stored(api, touchpoint, text=text)
    assert one["ratings"][0]["value"] == 4


async def test_offline_then_online_arrives_once(
    page: Page, shop: Shop, api: Api, touchpoint: str, context: BrowserContext
) -> None:
    await page.goto(shop.page(touchpoint=touchpoint, delay="0"))
    await expect(page.get_by_text(QUESTION)).to_be_visible()
    await context.set_offline(True)
    text = f"Said in a tunnel {touchpoint}"
    await page.get_by_role("radio", name="6", exact=True).click()
    await page.get_by_role("textbox").fill(text)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("as soon as possible")
    await context.set_offline(False)
    (one,) = await stored(api, touchpoint, text=text)
    # The next page finds an empty queue or sends the same answer again; either way it stays one voice.
    await page.goto(shop.page(touchpoint=touchpoint, delay="0"))
    await page.wait_for_function(
        "Object.keys(localStorage).filter((name) => name.endsWith(':queue'))"
        ".every((name) => JSON.parse(localStorage[name]).length === 0)"
    )
    assert [found["id"] for found in await stored(api, touchpoint)] == [one["id"]]


async def test_the_example_page(page: Page, shop: Shop, watch: Watch) -> None:
    await page.goto(f"{shop.origin}/example")
    await page.get_by_role("radio", name="8", exact=True).click()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    assert await violations(page) == []
    assert watch.errors == []


async def test_refused_key_is_not_tried_again(page: Page, shop: Shop) -> None:
    shop.key = shop.key[:-6] + "000000"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/responses" in request.url else None)
    await page.goto(shop.page(delay="0"))
    await page.get_by_role("radio", name="3", exact=True).click()
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_contain_text("not taking answers")
    await page.wait_for_function(
        "Object.keys(localStorage).filter((name) => name.endsWith(':queue'))"
        ".every((name) => JSON.parse(localStorage[name]).length === 0)"
    )
    assert len(asked) == 1


async def test_asks_once_and_can_be_asked_to_ask(page: Page, shop: Shop) -> None:
    await page.goto(shop.page(delay="0"))
    await page.get_by_role("button", name="Close").click()
    await page.goto(shop.page(delay="0"))
    await page.wait_for_function("Boolean(window.cxloop?.open)")
    assert await page.evaluate("window.cxloop.open({ force: false })") is False
    assert await page.evaluate("window.cxloop.open()") is True
    await expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize(("scheme", "language", "direction"), [("light", "en", "ltr"), ("dark", "ar", "rtl")])
async def test_accessible(page: Page, shop: Shop, scheme: Any, language: str, direction: str) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.goto(shop.page(delay="0", language=language, direction=direction))
    await page.get_by_role("radio", name="5", exact=True).click()
    await expect(page.get_by_role("textbox")).to_be_visible()
    assert await accessibility_faults(page) == []
    for size in await page.locator("[data-cxloop] label.n, [data-cxloop] button").evaluate_all(
        "(nodes) => nodes.map((node) => { const box = node.getBoundingClientRect(); return [box.width, box.height]; })"
    ):
        assert min(size) >= 24


async def test_fits_a_phone(page: Page, shop: Shop) -> None:
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.goto(shop.page(delay="0"))
    await page.get_by_role("radio", name="5", exact=True).click()
    boxes = await page.locator("[data-cxloop] label.n").evaluate_all(
        "(nodes) => nodes.map((node) => node.getBoundingClientRect()).map((box) => [box.left, box.right, box.width])"
    )
    assert len(boxes) == 11
    assert all(left >= 0 and right <= 360 and width >= 24 for left, right, width in boxes)
