"""When the proxy breaks in a real browser: its picture asks nobody, its controls choose, and it is short enough."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.insight.proxy_results import EVERY, STEPS
from tests.e2e.conftest import Server
from tests.e2e.length import MOST, SCREEN, measured
from tests.e2e.rest import at_rest, narrowed, watched

pytestmark = pytest.mark.browser
LAST = STEPS // EVERY + 1  # evaluations, the first before any step


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_it_plays_by_itself_and_is_three_screens(
    page: Page, server: Server, axe: Callable[..., list[str]], lang: str
) -> None:
    calls: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda x: calls.append(x)))
    page.goto(f"{server.url}/when-the-proxy-breaks?lang={lang}")
    picture, play = page.locator(".race-picture"), page.get_by_test_id("race-play")
    expect(picture).to_have_attribute("data-at", str(LAST))
    at_rest(page)
    size = measured(page)
    assert size["text"] <= MOST * SCREEN["height"], size
    assert size["question"]
    calls.clear()
    scrub = page.get_by_test_id("race-scrub")
    scrub.press("Home")
    scrub.press("ArrowRight")
    expect(scrub).to_have_attribute("aria-valuetext", re.compile(r"(After 0 steps|0 步後).*0\.00"))
    with watched(picture, "x => x.dataset.playing") as playing:
        play.press("Enter")
        playing.wait_for("true")
    scrub.press("Home")  # and stops
    expect(picture).to_have_attribute("data-playing", "false")
    assert calls == []
    assert axe(page) == []
    narrowed(page)


def test_a_condition_is_chosen_and_predictions_are_shown(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    page.goto(f"{server.url}/when-the-proxy-breaks?lang=en")
    at_rest(page)
    page.locator(".st-key-kl").get_by_role("radio", name="0.05").click()
    expect(page).to_have_url(re.compile(r"kl=0\.05"))
    expect(page.get_by_text("KL coefficient 0.05", exact=False).first).to_be_visible()
    page.locator(".st-key-proxy_labels_commit").get_by_role("button").click()
    expect(page.locator(".st-key-proxy_labels_chart_figure")).to_be_visible()
    page.get_by_text("The one that the verifier pays", exact=True).click()
    page.locator(".st-key-proxy_sums_commit").get_by_role("button").click()
    expect(page.locator(".st-key-proxy_sums_table").get_by_text("always: it makes the labels")).to_be_visible()
    at_rest(page)
    assert axe(page) == []
