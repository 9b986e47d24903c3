"""A learner's walk through the lesson on PPO, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LiveRun, Server, Visit, link
from tests.e2e.rest import at_rest
from tests.e2e.windows import Windows

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    made = LiveRun(server.store)
    made.tick(3)
    made.end()
    return made


def open_lesson(page: Page, server: Server, run: LiveRun, **query: str) -> None:
    parts = "&".join(f"{name}={value}" for name, value in {"run": run.id, "step": "3", **query}.items())
    page.goto(f"{server.url}/how-ppo-works?{parts}")
    drawn(page)


@pytest.fixture(scope="module")
def visit(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Visit:
    """The lesson at its first sub-step."""
    return visits(link(server, "how-ppo-works", run.id, step="3", sub="sample"))


def drawn(page: Page) -> None:
    """Waits for the two pictures."""
    expect(steps(page).locator(".head").first).to_be_visible()  # the first visitor waits for torch
    expect(page.locator(".st-key-ppo_pipeline [data-box=policy]")).to_be_visible()


def steps(page: Page):
    return page.locator("[data-testid=lesson_stepper] .stepper")


def where(page: Page):
    return steps(page).locator("[data-testid=stepper-announced]")


def test_from_the_first_sub_step_to_the_last_and_back(visit: Visit) -> None:
    page = visit.page
    drawn(page)
    expect(where(page)).to_contain_text("1 of 10")
    scrub = steps(page).locator("[data-testid=stepper-scrub]")
    scrub.fill("0")
    number = steps(page).locator(".barcell .num")
    expect(number.first).to_be_hidden()
    scrub.focus()
    page.keyboard.press("ArrowRight")
    expect(number.first).to_be_visible()
    expect(number.nth(1)).to_be_hidden()
    for n in range(1, 11):
        steps(page).get_by_role("button", name="Next sub-step").click()
        expect(where(page)).to_contain_text(f"{n} of 10")
    expect(steps(page).get_by_role("button", name="Next sub-step")).to_be_disabled()
    steps(page).get_by_role("button", name="Previous sub-step").click()
    expect(where(page)).to_contain_text("9 of 10")


def test_a_box_is_in_the_link_and_a_guess_is_not(page: Page, windows: Windows, server: Server, run: LiveRun) -> None:
    open_lesson(page, server, run, sub="delta")
    formula = steps(page).locator("[data-testid=stepper-formulas]")
    before = formula.inner_text()
    steps(page).locator(".head:not(.spot)").first.click()
    expect(formula).not_to_have_text(before)
    page.locator("[data-box=value]").click()
    expect(page).to_have_url(re.compile(r"ppo_box=value"))
    expect(page.locator(".st-key-ppo_box_detail h3")).to_contain_text("Value model")

    commit = page.locator(".st-key-ppo_lambda_commit button")
    expect(commit).to_be_disabled()
    page.locator(".st-key-ppo_lambda_try0 label").filter(has_text="all tokens alike").click()
    commit.click()
    expect(page.locator(".st-key-ppo_lambda_predict")).to_contain_text(re.compile("[Ww]hat happened"))

    with windows.lent() as other:  # another visitor: this one's browser remembers what was answered
        other.goto(page.url)
        expect(other.locator(".st-key-ppo_box_detail h3")).to_contain_text("Value model")
        expect(other.locator(".st-key-ppo_lambda_commit button")).to_be_visible()  # nobody's answer is in a link


def test_the_quiz_says_why(visit: Visit) -> None:
    page = visit.page
    expect(page.locator(".st-key-ppo_quiz_score")).to_contain_text("4 questions")
    box = page.locator(".st-key-ppo_quiz_1_box")
    box.get_by_text("the policy and the reference").click()
    expect(box).to_contain_text("Not this one.")
    expect(page.locator(".st-key-ppo_quiz_score")).to_contain_text("0 of 4")
    box.get_by_text("the policy and the value model").click()
    expect(box).to_contain_text("Right.")
    expect(page.locator(".st-key-ppo_quiz_score")).to_contain_text("1 of 4")


@pytest.mark.parametrize(("scheme", "lang"), [("light", "en"), ("dark", "zh-TW")])
def test_axe_finds_nothing_serious(page: Page, server: Server, run: LiveRun, axe, scheme: str, lang: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_lesson(page, server, run, lang=lang, sub="clip")
    page.locator(".st-key-ppo_lambda_try0 label").nth(1).click()
    page.locator(".st-key-ppo_lambda_commit button").click()
    expect(page.locator(".st-key-ppo_lambda_predict").locator("[data-testid=stAlert]")).to_be_visible()
    page.mouse.move(0, 0)
    at_rest(page)  # while the script runs, what it has not reached yet is faded
    assert axe(page) == []
