"""A learner's walk through the lesson on a real instruct model, in a real browser, on made-up runs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from core.runs import lifecycle
from tests.e2e.conftest import PhoneCheck, Server, link
from tests.e2e.rest import at_rest
from tests.lessons.answered import KINDS, answered_run, event
from tests.lessons.worded import worded_trace

pytestmark = pytest.mark.browser
KEY = "a-real-instruct-model"


@pytest.fixture(scope="module")
def run_id(server: Server) -> str:
    return answered_run(server.store)


def open_lesson(page: Page, server: Server, run_id: str, **query: str) -> None:
    page.goto(link(server, KEY, run_id, **query))
    expect(page.locator(".st-key-real_quiz_score")).to_be_visible()


def skip(page: Page) -> None:
    page.locator(".st-key-real_skip_button button").click()
    expect(page.locator(".st-key-real_said")).to_be_visible()
    page.locator(".st-key-real_split_figure").scroll_into_view_if_needed()
    expect(page.locator(".st-key-real_split_figure .js-plotly-plot")).to_be_visible()


def test_from_the_first_answers_to_the_last(page: Page, server: Server, run_id: str) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    open_lesson(page, server, run_id)
    before = page.locator(".st-key-real_untrained")
    expect(before).to_contain_text("right answer")
    at_rest(page)  # a list that is open is closed when the page moves
    page.locator("[class*=st-key-real_before_] [role=combobox], [class*=st-key-real_before_] input").first.click()
    page.keyboard.type("7. ")  # of a long list only what there is room for is drawn
    page.get_by_role("option", name=re.compile(r"^7\. ")).click()  # its greedy answer is long
    fold = before.locator("details").first
    at_rest(page)  # the fold is this question's
    expect(fold).not_to_have_attribute("open", "")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("open", "")
    expect(fold.get_by_text("I am happy to help you with sums!")).to_be_visible()

    expect(page.locator(".st-key-real_said, .st-key-real_success_figure")).to_have_count(0)
    for key in ("share", "kind", "length"):
        box = page.locator(f"[class*=_{key}_predict]")
        if key != "share":
            box.locator("label").filter(has=page.locator("input[type=radio]")).first.click()
        button = box.get_by_role("button", name=re.compile("Commit"))
        expect(button).to_be_enabled()
        button.click()
        expect(box).to_contain_text(re.compile("[Ww]hat happened"))
    page.locator(".st-key-real_success_figure").scroll_into_view_if_needed()
    expect(page.locator(".st-key-real_success_figure .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-real_said")).to_contain_text("more than chance")

    page.locator(".st-key-change label").filter(has_text="wrong both times").click()
    pairs = page.locator(".st-key-real_pairs")
    expect(pairs).to_contain_text("✗ wrong")
    expect(pairs).not_to_contain_text("✓ right")
    expect(pairs.locator("img")).to_have_count(0)  # what a model wrote is text
    expect(page).to_have_url(re.compile("change=both-wrong"))
    assert alerts == []


def test_a_run_is_watched_here_and_its_answers_come_with_its_end(page: Page, server: Server, run_id: str) -> None:
    store, config = server.store, server.store.get(run_id).config
    live = store.create(config, "under way")
    names = [x.name for x in config.learners]
    lifecycle.enqueue(store, live, names)
    for name in names:
        assert lifecycle.claim(store, live, name)
    open_lesson(page, server, live)
    expect(page.get_by_text("has not answered the held-out questions yet")).to_be_visible()
    for name in names:
        store.add_event(live, name, 0, "evaluation", event("before", KINDS["before"]))
        store.append(live, worded_trace(config, name, 0, groups=2))
    expect(page.locator(".st-key-real_untrained")).to_contain_text("right answer")
    board = page.get_by_test_id("lab")
    expect(board).to_have_attribute("data-shown-step", "1")
    expect(page.get_by_text("The run is under way.")).to_be_visible()
    for name in names:
        store.append(live, worded_trace(config, name, 1, groups=2))
    expect(board).to_have_attribute("data-shown-step", "2")
    for name in names:
        store.add_event(live, name, 2, "evaluation", event("after", KINDS[name], seed=1))
        lifecycle.mark(store, live, name, "finished")
    expect(page.locator(".st-key-real_skip_button")).to_be_visible()
    skip(page)
    expect(page.locator(".st-key-real_measures")).to_contain_text("GRPO after")
    store.delete(live)


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    server: Server, run_id: str, fits_and_is_accessible: PhoneCheck, lang: str
) -> None:
    def opened(page: Page) -> None:
        open_lesson(page, server, run_id, lang=lang)
        skip(page)

    fits_and_is_accessible(lang, opened)
