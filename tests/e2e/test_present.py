"""Present mode in a real browser: parts turn with the keys, and are larger; players keep their keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.rest import at_rest, box, boxes, fits, frames, laid_out, watched
from tests.e2e.screens import screens

pytestmark = pytest.mark.browser
STILL = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PROJECTOR = {"width": 1920, "height": 1080}


def opened(page: Page, server: Server, key: str, drawn: str) -> None:
    page.set_viewport_size(PROJECTOR)  # type: ignore[arg-type]
    page.goto(f"{server.url}/{key}?present=1")
    page.wait_for_selector(STILL)
    page.wait_for_selector(drawn, state="attached")


def turned(page: Page, key: str, to: str) -> None:
    page.keyboard.press(key)
    expect(page.locator(".place")).to_contain_text(to)


def test_a_lesson_is_turned_with_the_arrow_keys_and_its_players_keep_theirs(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    opened(page, server, "how-ppo-works", '.lesson[data-drawn="true"]')
    place = page.locator(".place")
    expect(place).to_contain_text("1 of 6")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    pipeline = page.get_by_test_id("lesson_pipeline")
    expect(pipeline).to_be_visible()
    place_of = box(pipeline)
    assert place_of["x"] + place_of["width"] <= PROJECTOR["width"]

    # A slider has its own use for an arrow key; so has a box, from which it walks to the next.
    slider = pipeline.get_by_label("Where in the pipeline")
    slider.fill("3")
    before = slider.input_value()
    slider.press("ArrowLeft")
    expect(slider).not_to_have_value(before)
    pipeline.get_by_role("button", name=re.compile("^Query")).press("ArrowRight")
    expect(place).to_contain_text("1 of 6")
    assert axe(page) == []
    place.click()
    turned(page, "ArrowRight", "2 of 6")
    expect(page.get_by_text("about 10 minutes")).to_be_hidden()
    expect(pipeline).to_be_hidden()

    page.get_by_role("button", name="Leave present mode").click()
    expect(page.get_by_role("toolbar", name="Present")).to_have_count(0)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".present-away")).to_have_count(0)  # the page is whole again
    expect(page).not_to_have_url(re.compile("present"))


def test_the_lab_has_parts_of_its_own_and_its_type_is_larger(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    opened(page, server, "lab", ".lab[data-shown-step]")
    place = page.locator(".place")
    expect(place).to_have_text("1 of 5 · Lab")
    laid_out(page)
    title = page.locator(".lab h3").first
    drawn = title.evaluate("x => x.getBoundingClientRect().height / x.offsetHeight")
    assert drawn == pytest.approx(1.5, abs=0.02)
    chart = page.locator('[data-chart="success"] canvas')
    # 220 pixels of the page, less a line that says what lines and dots are, and what a projector has more than 900.
    assert chart.evaluate("x => x.getBoundingClientRect().height") == pytest.approx(1.5 * 202 + 180, abs=3)
    tokens = page.locator(".lab > .below")
    expect(tokens).to_be_hidden()

    turned(page, "ArrowRight", "2 of 5")
    expect(tokens).to_be_visible()
    expect(page.locator('[data-chart="success"]')).to_be_hidden()
    token = page.locator(".lab .t").first
    token.focus()
    token.press("ArrowRight")  # from token to token
    expect(place).to_contain_text("2 of 5")
    assert axe(page) == []

    page.get_by_role("button", name="The next part").focus()
    turned(page, "PageDown", "2 of 5 · Token by token (2/2)")  # higher than the screen: the ratios have their own
    expect(page.locator(".lab .card")).to_be_hidden()
    expect(page.locator(".lab .scatter").first).to_be_visible()
    turned(page, "PageDown", "3 of 5")
    turned(page, "PageUp", "2 of 5 · Token by token (2/2)")
    turned(page, "PageDown", "3 of 5")
    expect(page.locator(".lab .group h2").first).to_be_visible()
    shown = boxes(page.locator(".lab .group .chart:visible"))
    assert len(shown) == 3
    assert min(x["y"] + x["height"] for x in shown) > 0.6 * PROJECTOR["height"], "they use the screen"
    assert max(x["x"] + x["width"] for x in shown) > 0.9 * PROJECTOR["width"]
    fits(page)


def test_a_screen_that_is_turned_to_stays_though_the_picture_before_it_is_drawn_by_its_width(
    page: Page, server: Server
) -> None:
    """In this window home's first part needs two screens. (That none takes turns: tests/frontend/screens.test.js.)"""
    page.set_viewport_size({"width": 1040, "height": 640})
    page.goto(f"{server.url}/?present=1")
    at_rest(page)
    place, picture = page.locator(".place"), page.locator(".lesson .credits")
    expect(place).to_have_text("1 of 2 · Credit Lab (1/2)")
    width = picture.evaluate("x => x.clientWidth")
    page.keyboard.press("PageDown")
    expect(picture).to_be_hidden()
    expect(place).to_have_text("1 of 2 · Credit Lab (2/2)")
    with watched(place, "x => x.textContent") as turned_to:
        frames(page, 60)
    assert turned_to.all() == ["1 of 2 · Credit Lab (2/2)"]
    assert picture.evaluate("x => x.clientWidth") == width


def test_what_a_prediction_reveals_fits_the_screen_that_it_was_made_on(page: Page, server: Server) -> None:
    """Beside a picture it was 89 pixels too high: nobody saw how to predict again."""
    opened(page, server, "same-answers", '.lesson[data-drawn="true"]')
    shown = screens(page, act=True)
    assert next(shown)[1] == 0
    place, over = next(shown)
    assert "1 of 6" in place
    assert "a prediction is made" in place
    assert over == 0
    expect(page.get_by_role("button", name="Predict again")).to_be_in_viewport(ratio=1)
