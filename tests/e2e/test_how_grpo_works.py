"""A learner's walk through the lesson on GRPO, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LiveRun, PhoneCheck, Server, Visit, link

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 4)


def open_lesson(page: Page, server: Server, run: LiveRun, **query: str) -> None:
    page.goto(link(server, "how-grpo-works", run.id, **{"step": "2", **query}))
    drawn(page)


@pytest.fixture(scope="module")
def visit(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Page:
    """The lesson at its first sub-step, for one test after another."""
    page = visits(link(server, "how-grpo-works", run.id, step="2", sub="rewards")).page
    drawn(page)
    return page


def drawn(page: Page) -> None:
    """Waits for the lesson's end and for its figure."""
    expect(page.locator(".st-key-hgw_quiz_score")).to_be_visible()
    page.locator(".st-key-hgw_groups_figure").scroll_into_view_if_needed()
    expect(page.locator(".st-key-hgw_groups_figure .js-plotly-plot")).to_be_visible()


def test_from_the_first_sub_step_to_the_last(visit: Page) -> None:
    page = visit
    walk = page.locator("[data-testid=lesson_stepper] .stepper")
    announced = walk.locator("[data-testid=stepper-announced]")
    expect(announced).to_contain_text("1 of 5")
    expect(announced).to_contain_text("are right")
    texts = ((2, "What they are compared with is"), (3, "their standard deviation is"), (4, "Each difference"))
    for number, text in (*texts, (5, "Every token of a response gets its number")):
        walk.get_by_role("button", name="Next sub-step").click()
        expect(announced).to_contain_text(f"{number} of 5")
        expect(announced).to_contain_text(text)
    expect(walk.get_by_role("button", name="Next sub-step")).to_be_disabled()
    first = walk.locator(".answer").first  # one number for all tokens of a response, in one colour
    assert len(set(first.locator(".tk").evaluate_all("all => all.map(x => x.style.backgroundColor)"))) == 1


def test_predictions_come_before_what_they_are_about_and_the_check_says_why(visit: Page) -> None:
    page = visit
    expect(page.locator(".st-key-hgw_lone_figure_figure, .st-key-hgw_silence_figure_figure")).to_have_count(0)
    page.locator(".st-key-hgw_lone_commit button").click()
    expect(page.locator(".st-key-hgw_lone_predict")).to_contain_text("3.75")  # (16 - 1)/√16: twice the run's groups
    page.locator(".st-key-hgw_silence_try0 label").filter(has_text="More than that").click()
    page.locator(".st-key-hgw_silence_commit button").click()
    expect(page.locator(".st-key-hgw_silence_predict")).to_contain_text(re.compile("[Ww]hat happened"))
    page.locator(".st-key-hgw_lone_figure_figure").scroll_into_view_if_needed()
    expect(page.locator(".st-key-hgw_lone_figure_figure .js-plotly-plot")).to_be_visible()
    page.locator(".st-key-hgw_silence_figure_figure").scroll_into_view_if_needed()
    expect(page.locator(".st-key-hgw_silence_figure_figure .js-plotly-plot")).to_be_visible()
    box = page.locator(".st-key-hgw_quiz_2_box")
    box.locator("label").filter(has_text="That they were good").click()
    expect(box).to_contain_text("Not this one. Nothing in GRPO looks inside a response.")
    box.locator("label").filter(has_text="The same as every other token").click()
    expect(box).to_contain_text("Right. One advantage per response.")
    expect(page.locator(".st-key-hgw_quiz_score")).to_contain_text("1 of 4")


def test_sliders_and_scale_are_in_the_link(visit: Page) -> None:
    page = visit
    silent = page.locator(".st-key-hgw_silent")
    before = silent.inner_text()
    page.locator(".st-key-hgw_scale").get_by_text("1: no division", exact=True).click()
    expect(silent).not_to_have_text(before)
    slider = page.locator(".st-key-hgw_wrong").get_by_role("slider")
    slider.focus()
    slider.press("End")
    expect(page.locator(".st-key-hgw_weights")).to_contain_text("only 0.19 times as hard")
    expect(page).to_have_url(re.compile(r"(?=.*hgw_wrong=64)(?=.*hgw_scale=none)"))

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".st-key-hgw_weights")).to_contain_text("only 0.19 times as hard")
    expect(other.locator(".st-key-hgw_silent")).to_have_text(silent.inner_text())
    other.close()


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    server: Server, run: LiveRun, fits_and_is_accessible: PhoneCheck, lang: str
) -> None:
    fits_and_is_accessible(lang, lambda page: open_lesson(page, server, run, lang=lang, sub="tokens"))
