"""The tour of the lab by keyboard: offered once, six stops that point, ended by Escape, remembered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Phone, Server
from tests.e2e.rest import box, boxes

pytestmark = pytest.mark.browser
ROLES = ["curves", "timeline", "strips", "card", "controls", "start"]


def open_lab(page: Page, server: Server, lang: str = "en") -> None:
    page.goto(f"{server.url}/lab?lang={lang}")
    page.wait_for_selector("[data-shown-step]")
    expect(page.locator("[data-testid=lesson_tour][data-drawn=true]")).to_be_visible()
    expect(page.get_by_test_id("tour-begin")).to_be_visible()


def test_by_keyboard_from_the_offer_to_the_end_and_never_again(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    open_lab(page, server)
    offer, tour = page.locator(".offer"), page.get_by_test_id("tour")
    expect(offer).to_be_visible()
    assert axe(page) == []
    page.get_by_test_id("tour-begin").focus()
    page.keyboard.press("Tab")
    expect(offer.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Enter")
    for n, role in enumerate(ROLES):
        expect(tour).to_have_attribute("data-stop", role)
        expect(tour).to_have_attribute("data-points", "true")
        expect(tour.get_by_role("button").last).to_be_focused()
        spot, place = boxes(tour.locator(".spot, .bubble"))
        assert 0 <= place["y"] <= 900 - place["height"]
        assert spot["y"] < 900, "what is pointed at is to be seen"
        assert spot["y"] + spot["height"] > 0
        if n == 1:
            assert axe(page) == []
            page.keyboard.press("ArrowLeft")
            expect(tour).to_have_attribute("data-stop", ROLES[0])
            page.keyboard.press("ArrowRight")
            expect(tour).to_have_attribute("data-stop", role)
        page.keyboard.press("Enter" if n % 2 else "ArrowRight")
    expect(tour).to_be_hidden()
    expect(page.get_by_test_id("tour-begin")).to_be_focused()
    page.wait_for_function("localStorage.getItem('credit-lab')?.includes('tour/lab')")

    open_lab(page, server)
    expect(offer).to_be_hidden()
    page.get_by_test_id("tour-begin").focus()
    page.keyboard.press("Enter")
    expect(tour).to_be_visible()
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    expect(page.get_by_test_id("tour-begin")).to_be_focused()


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_it_fits_a_phone_and_can_be_declined(server: Server, phone: Phone, lang: str) -> None:
    with phone("dark") as page:
        open_lab(page, server, lang)
        offer = page.locator(".offer")
        expect(offer).to_be_visible()
        page.get_by_test_id("tour-begin").click()
        for role in ROLES:
            expect(page.get_by_test_id("tour")).to_have_attribute("data-stop", role)
            place = box(page.get_by_test_id("tour").locator(".bubble"))
            assert 0 <= place["x"] <= 400 - place["width"]
            page.get_by_test_id("tour").get_by_role("button").last.click()
        expect(page.get_by_test_id("tour")).to_be_hidden()
        expect(offer).to_be_hidden()
