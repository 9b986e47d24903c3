"""The lesson on online and offline learning in a real browser: it plays, is answered by keys, and its set is seen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Server, recolour
from tests.e2e.rest import at_rest, narrowed

pytestmark = pytest.mark.browser
Check = Callable[..., list[str]]


def answered(page: Page, key: str) -> Locator:
    """The last choice of a prediction, taken and committed by keyboard alone."""
    frame = page.locator(f".st-key-{key}_predict")
    frame.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowUp")  # from the first round to the last
    at_rest(page)
    commit = page.locator(f".st-key-{key}_commit").get_by_role("button")
    commit.focus()
    commit.press("Enter")
    expect(frame.get_by_test_id("stAlert")).to_be_visible()
    return frame


def test_it_plays_is_answered_and_its_set_is_seen(page: Page, server: Server, axe: Check) -> None:
    """In English and light colours; what is answered then stands there in Chinese and in dark ones."""
    calls: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda x: calls.append(x)))
    page.goto(f"{server.url}/online-or-offline?lang=en")
    picture = page.locator(".race-picture")
    expect(picture).to_have_attribute("data-at", "7")  # seven evaluations; it stands complete
    at_rest(page)
    asked = len(calls)
    play, scrub = page.get_by_test_id("race-play"), page.get_by_test_id("race-scrub")
    scrub.focus()
    scrub.press("Home")
    expect(picture).to_have_attribute("data-at", "0")
    play.press("Enter")
    expect(picture).to_have_attribute("data-at", "7")
    assert len(calls) == asked, "nobody was asked for anything"
    expect(scrub).to_have_attribute("aria-valuetext", re.compile("7,680"))

    answered(page, "online_better")
    answered(page, "online_cover")
    expect(page.locator(".st-key-online_cover_table tbody tr")).to_have_count(5)
    collect = page.locator(".st-key-online_collect").get_by_role("button")
    collect.focus()
    collect.press("Enter")
    expect(page.locator(".st-key-online_set_table tbody tr")).to_have_count(10, timeout=180_000)
    at_rest(page)
    assert axe(page) == []

    page.get_by_role("radio", name="繁體中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW")
    at_rest(page)
    recolour(page, "dark")
    at_rest(page)
    expect(scrub).to_have_attribute("aria-valuetext", re.compile("[一-鿿].*7,680|7,680.*[一-鿿]"))
    for key in ("online_better", "online_cover"):
        expect(page.locator(f".st-key-{key}_predict").get_by_test_id("stAlert")).to_be_visible()
    expect(page.locator(".st-key-online_set_table tbody tr")).to_have_count(10)
    assert axe(page) == []
    narrowed(page)
    page.locator(".st-key-online_lab").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/lab\?.*preset=online-or-offline.*sft\.data_responses%3D512"))
