"""What comes later than the text around it finds its room kept: the text below stands still. However late it comes:
what pictures and figures are drawn with is held back here until the text is there.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Server
from tests.e2e.rest import at_rest, box, comes_true, laid_out

pytestmark = pytest.mark.browser
STILL = '[data-testid="stApp"][data-test-script-state="notRunning"]'
#: Pixels that a text of the first screens may move, of a screen 900 high.
FEW = 60


def held(page: Page, address: str) -> list[Route]:
    """Opens the page with our own frontend held back, and waits until all that Streamlit draws is there."""
    waiting: list[Route] = []
    page.route("**/assets/live/**", lambda route: waiting.append(route))
    page.goto(address)
    page.wait_for_selector(STILL)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    at_rest(page, components=False)
    assert comes_true(page, lambda: waiting)
    return waiting


def release(page: Page, waiting: list[Route]) -> None:
    page.route("**/assets/live/**", lambda route: route.continue_())  # the newest goes first
    for route in waiting:
        route.continue_()


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(
    ("key", "below"),
    [
        ("a-trained-reward-model", ".st-key-rm_worked"),
        ("a-real-instruct-model", "h2"),
        ("how-grpo-works", "h2"),
    ],
)
def test_a_picture_finds_its_room(page: Page, server: Server, key: str, below: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    waiting = held(page, f"{server.url}/{key}")
    text = page.locator(below).first
    top = "x => x.getBoundingClientRect().top + document.querySelector('[data-testid=stMain]').scrollTop"
    before = text.evaluate(top)
    release(page, waiting)
    expect(page.locator(".lesson").first).to_have_attribute("data-drawn", "true")
    at_rest(page)
    laid_out(page)
    # What is taller on a page than its lowest elsewhere grows by a quarter at most (test_every_page.py).
    assert abs(text.evaluate(top) - before) <= max(FEW, 0.25 * before)


@pytest.mark.parametrize("width", [400, 1280])
def test_a_figure_is_as_high_before_it_is_drawn(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    waiting = held(page, f"{server.url}/what-is-true")
    figure = page.locator(".st-key-truth_race_chart_figure")
    figure.scroll_into_view_if_needed()
    before = box(figure)["height"]
    assert before > 240
    release(page, waiting)
    plot = figure.locator(".plot")
    expect(plot.locator(".main-svg").first).to_be_visible()
    expect(plot).to_have_role("img")
    expect(plot).to_have_accessible_name(re.compile("Success over training steps"))
    assert box(figure)["height"] == before


def test_where_only_streamlit_serves_it_draws_the_figures(page: Page, server: Server) -> None:
    page.route("**/assets/live/**", lambda route: route.abort())
    page.goto(f"{server.url}/what-is-true")
    chart = page.locator(".st-key-truth_race_chart_figure").get_by_test_id("stPlotlyChart")
    expect(chart.locator(".main-svg").first).to_be_visible()
