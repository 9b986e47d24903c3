"""The picture of the loop in a real browser: it plays, by keyboard too, and asks the server nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import LiveRun, Phone, Server, link
from tests.e2e.rest import at_rest, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 4)


def test_it_plays_and_is_moved_by_keyboard_without_asking_the_server(page: Page, server: Server, run: LiveRun) -> None:
    asked: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(f"sent {len(frame)} bytes")))
    page.goto(link(server, "the-loop", run.id))
    drawn = page.locator(".loop-picture")
    expect(drawn).to_have_attribute("data-station", "update")  # at rest, with what the round came to
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    expect(drawn.locator(".ring li")).to_have_count(6)
    expect(drawn.locator(".says")).to_contain_text("Round 1 of 4, step 1")
    expect(drawn.get_by_role("img")).to_have_attribute("aria-label", re.compile("Right responses per step"))
    at_rest(page)
    asked.clear()
    play = page.get_by_test_id("loop-play")
    with watched(drawn, "x => [x.dataset.playing, x.dataset.station]") as seen:
        play.click()
        page.wait_for_function(  # paused while it is there
            "([x, play]) => x.dataset.station === 'responses' && (play.click(), true)",
            arg=[drawn.element_handle(), play.element_handle()],
        )
        seen.wait_for(["true", "prompts"], ["false", "responses"])  # from the beginning
    scrub = page.get_by_test_id("loop-scrub")
    scrub.focus()
    scrub.press("ArrowRight")
    expect(drawn).to_have_attribute("data-station", "reward")
    scrub.press("ArrowRight")
    expect(drawn.locator("td.score.there").first).to_be_visible()
    expect(scrub).to_have_attribute("aria-valuetext", re.compile("tuples", re.IGNORECASE))
    scrub.fill("24")
    expect(drawn).to_have_attribute("data-round", "3")
    assert asked == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_whoever_wants_no_motion_gets_a_station_at_a_time(browser: Browser, server: Server, run: LiveRun) -> None:
    context = browser.new_context(reduced_motion="reduce", locale="zh-TW")
    page = context.new_page()
    page.goto(link(server, "the-loop", run.id))
    drawn = page.locator(".loop-picture")
    expect(drawn.locator(".says")).to_contain_text("第 1 次循環")
    with watched(drawn, "x => x.dataset.station") as stations:
        page.get_by_test_id("loop-play").click()
        stations.wait_for("prompts", "model")
    page.get_by_test_id("loop-play").click()
    context.close()


def test_on_a_phone_a_response_has_a_line_of_its_own(server: Server, phone: Phone) -> None:
    with phone("light") as page:
        page.goto(f"{server.url}/the-loop?lang=en")
        table = page.get_by_test_id("lesson_loop").locator("table")
        expect(table.locator("tbody tr").first).to_be_visible()
        whole = table.evaluate("x => x.getBoundingClientRect().width")
        for cell in table.locator("tbody td:first-child").all():
            assert cell.evaluate("x => x.getBoundingClientRect().width") >= 0.95 * whole
        assert table.evaluate("x => x.scrollWidth <= x.parentElement.clientWidth")
