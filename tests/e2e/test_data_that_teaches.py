"""*Data that teach* in a real browser: the check-list's links lead to their tables, on a projector, too, and once."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import Server
from tests.e2e.rest import at_rest, laid_out

pytestmark = pytest.mark.browser
LINKS = "[class*=st-key-data_check_] a"
#: Nobody hears the first asking for a screen, as where what turns the screens is built later than the link's answer.
UNHEARD = """addEventListener("partwanted", x => { x.stopImmediatePropagation(); window.unheard = true; },
  { capture: true, once: true })"""


def top_of(page: Page) -> float:
    """How far below the window's upper edge the part with the tables begins, in pixels."""
    y = page.locator(".st-key-data_measured").evaluate("x => x.getBoundingClientRect().top")
    return float(y)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720)])
def test_on_a_projector_a_link_turns_to_the_screen_with_its_table(
    page: Page, server: Server, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/data-that-teaches?present=1")
    at_rest(page)
    part, back = page.locator(".st-key-data_measured"), page.locator(".bar[role=toolbar] button").first
    for number, how in enumerate(("click", "keyboard")):
        page.keyboard.press("End")
        link = page.locator(LINKS).nth(number)
        while not link.is_visible():
            expect(back).to_be_enabled()  # else it is on no screen
            page.keyboard.press("PageUp")
        expect(part).to_be_hidden()
        topic = (link.text_content() or "").split(": ")[1]
        if how == "click":
            link.click()
        else:
            link.press("Enter")
        expect(page.locator(".place")).to_contain_text("What was measured")
        expect(part.get_by_role("heading", name="What was measured")).to_be_visible()
        expect(part).to_contain_text(f"Of “{topic}”")
        expect(part).to_be_focused()
        at_rest(page)
        expect(page.locator(".place")).to_contain_text("What was measured")


def test_a_link_from_elsewhere_waits_for_what_turns_the_screens(context: BrowserContext, server: Server) -> None:
    context.add_init_script(UNHEARD)
    page = context.new_page()
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{server.url}/data-that-teaches?present=1&topic=repeated&at=numbers")
    expect(page.locator(".place")).to_contain_text("What was measured")
    assert page.evaluate("window.unheard"), "it was asked for before"
    expect(page.locator(".st-key-data_measured table")).to_be_visible()


def test_a_link_leads_once_and_not_whoever_comes_back_to_the_page(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/data-that-teaches")
    page.locator(LINKS).nth(2).click()
    expect(page.locator(".st-key-data_measured")).to_be_focused()
    at_rest(page)
    laid_out(page)
    assert abs(top_of(page)) < 2
    places = page.get_by_test_id("stSidebarNav")
    places.get_by_role("link", name="Online or offline").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Online or offline")
    at_rest(page)
    places.get_by_role("link", name="Data that teach").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Data that teach")
    page.locator(LINKS).first.wait_for()
    at_rest(page)
    laid_out(page)
    expect(page.locator(".st-key-data_measured")).not_to_be_focused()
