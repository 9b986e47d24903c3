"""Verifiable rewards in a real browser: its picture asks nobody, hostile code is stopped, and it is short enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.length import MOST, SCREEN, measured
from tests.e2e.rest import at_rest, narrowed, watched

pytestmark = pytest.mark.browser


def test_it_plays_runs_hostile_code_and_is_three_screens(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    calls: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda x: calls.append(x)))
    page.goto(f"{server.url}/verifiable-rewards?lang=en")
    picture, play = page.locator(".verdicts-picture"), page.get_by_test_id("verdicts-play")
    expect(picture).to_have_attribute("data-at", "24")
    at_rest(page)
    size = measured(page)
    assert size["text"] <= MOST * SCREEN["height"], size
    assert size["question"]
    calls.clear()
    scrub = page.get_by_test_id("verdicts-scrub")
    scrub.press("Home")
    for _n in range(3):
        scrub.press("ArrowRight")
    expect(page.get_by_test_id("verdicts-says")).to_have_text("Comparison: 1080 is the ground truth 1080.")
    with watched(picture, "x => x.dataset.playing") as playing:
        play.press("Enter")
        playing.wait_for("true")
    scrub.press("Home")  # and stops
    expect(picture).to_have_attribute("data-playing", "false")
    assert calls == []

    page.get_by_role("button", name="endless loop", exact=True).click()
    expect(page.get_by_text("stopped after 0.2 s: an endless loop", exact=False)).to_be_visible()
    page.get_by_text("the walls that stand on this machine", exact=False).click()
    expect(page.locator(".st-key-vr_walls").get_by_text("pydantic-monty", exact=False)).to_be_visible()
    body = page.get_by_label("def f(x): return …")
    body.fill("__import__('os').system('ls')")
    body.press("Enter")
    expect(page.locator(".st-key-vr_tests").get_by_text("NameError", exact=False).first).to_be_visible()
    at_rest(page)
    assert axe(page) == []
    narrowed(page)
