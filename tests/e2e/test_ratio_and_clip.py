"""A learner's walk through the lesson on ratio, clip and KL, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LiveRun, Phone, Server, link

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 3)


def open_lesson(page: Page, server: Server, run: LiveRun, **query: str) -> None:
    page.goto(link(server, "ratio-and-clip", run.id, **{"step": "3", **query}))
    expect(page.locator(".st-key-rck_strip [data-drawn=true]")).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-ratio_quiz_score")).to_be_visible()


def test_from_the_first_sub_step_to_the_last(page: Page, server: Server, run: LiveRun) -> None:
    open_lesson(page, server, run)
    walk, sentence = page.locator(".st-key-rck_walk_buttons"), page.locator(".st-key-rck_sentence")
    on = walk.get_by_role("button", name="Next")
    expect(walk).to_contain_text("1 of 4")
    expect(sentence).to_contain_text("have a ratio of exactly 1")
    for number in (1, 2):
        on.click()
        expect(sentence).to_contain_text(f"After pass {number} of 2")
    for name in ("A > 0, ratio above", "A > 0, ratio below", "A < 0, ratio above", "A < 0, ratio below"):
        on.click()
        expect(page.locator(".st-key-rck_case")).to_contain_text(name)
    on.click()
    expect(walk).to_contain_text("4 of 4")
    expect(on).to_be_disabled()
    counts = page.locator(".st-key-rck_counts table")
    before = counts.inner_text()
    slider = page.locator(".st-key-rck_eps").get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(page).to_have_url(re.compile(r"rck_eps=0\.02"))
    expect(counts).not_to_have_text(before)

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".st-key-rck_walk_buttons")).to_contain_text("4 of 4", timeout=60_000)
    expect(other.locator(".st-key-rck_eps").get_by_role("slider")).to_have_value("0.02", timeout=60_000)
    assert other.locator(".st-key-rck_counts table").inner_text() == counts.inner_text()


def test_the_prediction_comes_before_its_outcome_and_the_check_says_why(
    page: Page, server: Server, run: LiveRun
) -> None:
    open_lesson(page, server, run)
    page.locator(".st-key-rck_clip_try0 label").filter(has_text="the token is still pushed down").last.click()
    page.locator(".st-key-rck_clip_commit button").click()
    expect(page.locator(".st-key-rck_clip_predict")).to_contain_text("What happened")
    box = page.locator(".st-key-ratio_quiz_1_box")
    box.locator("label").filter(has_text="pushed further down").click()
    expect(box).to_contain_text("or does nothing")
    box.locator("label").filter(has_text="pulled back up").click()
    expect(box).to_contain_text("Right.")
    expect(page.locator(".st-key-ratio_quiz_score")).to_contain_text("1 of 3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    phone: Phone, server: Server, run: LiveRun, axe: Callable[..., list[str]], scheme: str, lang: str
) -> None:
    with phone(scheme) as page:
        open_lesson(page, server, run, lang=lang, sub="whatif")
        assert axe(page) == []
