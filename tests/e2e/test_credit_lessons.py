"""A learner's walk through same answers, what is true, and the algorithms side by side, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Phone, Server
from tests.e2e.length import SCREEN
from tests.e2e.rest import at_rest, fits, narrowed
from tests.e2e.windows import Windows
from tests.lessons.real import real_run

pytestmark = pytest.mark.browser
Check = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def run_id(server: Server) -> str:
    return real_run(server.store)


def address(server: Server, key: str, run_id: str, **query: str) -> str:
    parts = "&".join(f"{name}={value}" for name, value in {"run": run_id, "step": "3", **query}.items())
    return f"{server.url}/{key}?{parts}"


def drawn(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} [data-drawn=true]")


def commit(page: Page, number: int = 0) -> None:
    box = page.locator("[class*=_predict]").first
    button = box.locator("[class*=_commit] button")
    expect(button).to_be_disabled()
    box.locator("label").filter(has=page.locator("input[type=radio]")).nth(number).click()
    expect(button).to_be_enabled()
    button.click()


def answer(page: Page, key: str, questions: int) -> None:
    """Each question wrong first, then right."""
    for number, right in zip(range(1, questions + 1), (2, 1, 0, 2), strict=True):
        box = page.locator(f".st-key-{key}_{number}_box")
        labels = box.locator("label").filter(has=page.locator("input[type=radio]"))
        labels.nth((right + 1) % 3).click()
        expect(box).to_contain_text("Not this one.")
        labels.nth(right).click()
        expect(box).to_contain_text("Right.")
    expect(page.locator(f".st-key-{key}_score")).to_contain_text(f"{questions} of {questions}")


def is_accessible(page: Page, axe: Check) -> None:
    at_rest(page)  # what is not drawn anew yet is faded
    assert axe(page) == []


def test_same_answers_from_the_first_stop_to_the_last(
    page: Page, windows: Windows, server: Server, run_id: str, axe: Check
) -> None:
    page.goto(address(server, "same-answers", run_id))
    expect(drawn(page, "same_asked")).to_be_visible()
    expect(page.locator(".st-key-same_quiz_score")).to_be_visible()  # all of the page is there
    expect(page.locator(".st-key-same_one, .st-key-same_bridge, .st-key-sa_text")).to_have_count(0)
    is_accessible(page, axe)
    commit(page, 2)
    expect(drawn(page, "same_one")).to_be_visible()
    expect(drawn(page, "same_bridge")).to_be_visible()
    is_accessible(page, axe)
    slider = page.locator(".st-key-sa_stop").get_by_role("slider")
    slider.focus()
    seen = set()
    bridge = drawn(page, "same_bridge")
    for number in range(2, 10):
        slider.press("ArrowRight")
        expect(page.locator(".st-key-same_stop strong").first).to_contain_text(f"{number}/9 · ")
        _, _, title = page.locator(".st-key-same_stop strong").first.inner_text().partition(" · ")
        expect(bridge).to_contain_text(title)  # the strips are of this stop, too
        seen.add(bridge.locator(".t").first.inner_text())
    expect(page).to_have_url(re.compile("sa_stop=grpo"))
    assert len(seen) > 2
    box = page.locator(".st-key-sa_text input")
    box.fill("<b>$x$")
    box.press("Enter")
    expect(page.locator(".st-key-same_edited")).to_contain_text("'<' is no character of this model")
    box.fill("1+1=2")
    box.press("Enter")
    expect(drawn(page, "same_edit_strips")).to_be_visible()
    expect(page).to_have_url(re.compile("sa_text=1"))
    answer(page, "same_quiz", 4)
    link = page.url
    narrowed(page)
    page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".st-key-same_stop")).to_contain_text("9/9")
    expect(page.locator(".st-key-sa_text input")).to_have_value("1+1=2")
    with windows.lent() as other:  # nobody's answer travels with a link: this one's browser remembers its own
        other.goto(link)
        expect(drawn(other, "same_asked")).to_be_visible()
        expect(other.locator(".st-key-same_quiz_score")).to_be_visible()
        expect(other.locator(".st-key-same_one, .st-key-same_bridge, .st-key-sa_text")).to_have_count(0)


def test_what_is_true_is_told_after_the_prediction_and_the_race_is_ready(
    page: Page, server: Server, run_id: str, axe: Check
) -> None:
    page.goto(address(server, "what-is-true", run_id, wt_k="8"))
    walk = page.locator(".st-key-truth_four_buttons")
    expect(walk).to_contain_text("1 of 3")
    for number in (2, 3):
        walk.get_by_role("button", name="Next").click()
        expect(walk).to_contain_text(f"{number} of 3")
    expect(page.locator(".st-key-wt_k input[value='8'], .st-key-wt_k label:has(input:checked)").first).to_be_visible()
    is_accessible(page, axe)
    commit(page)
    expect(drawn(page, "truth_strips")).to_be_visible()
    for key in ("truth_values", "truth_scatter", "truth_gauge", "truth_over_steps"):
        page.locator(f".st-key-{key}_figure").scroll_into_view_if_needed()
        expect(page.locator(f".st-key-{key}_figure .js-plotly-plot").first).to_be_visible()
    expect(page.locator(".st-key-truth_agreement")).to_contain_text("blame accuracy")
    is_accessible(page, axe)
    answer(page, "truth_quiz", 4)
    # It would start a run; this server has training switched off. That it starts one, tests/lessons holds.
    expect(page.get_by_role("button", name="Race PPO, GRPO and VinePPO")).to_be_disabled()
    narrowed(page)


def test_two_algorithms_and_their_link(page: Page, server: Server, run_id: str, axe: Check) -> None:
    page.goto(address(server, "algorithms", run_id, alg_one="grpo", alg_two="dr-grpo"))
    expect(drawn(page, "alg_strips")).to_be_visible()
    expect(page.locator(".st-key-alg_line_normalisation")).to_contain_text("differs")
    expect(page.locator(".st-key-alg_line_ratio")).to_contain_text("the same")
    first = drawn(page, "alg_strips").locator(".t").first
    before = first.inner_text()
    page.locator(".st-key-alg_show label").filter(has_text="pull").click()
    expect(page).to_have_url(re.compile("alg_show=pull"))
    expect(first).not_to_have_text(before)
    page.reload()
    expect(page.locator(".st-key-alg_one").get_by_role("combobox")).to_have_value("GRPO")
    expect(page.locator(".st-key-alg_two").get_by_role("combobox")).to_have_value("Dr. GRPO")
    expect(first).not_to_have_text(before)
    is_accessible(page, axe)
    narrowed(page)


def test_no_serious_violation_before_or_after_the_prediction_in_chinese_in_the_dark_on_a_phone(
    phone: Phone, server: Server, run_id: str, axe: Check
) -> None:
    """What the walks above hold in English, in light colours and on a desk: these do not depend on each other."""
    with phone("dark") as page:
        shown = {"same-answers": "same_one", "what-is-true": "truth_strips", "algorithms": "alg_strips"}
        for key, strips in shown.items():
            page.goto(address(server, key, run_id, lang="zh-TW", wt_k="8", alg_two="vine"))
            if key != "algorithms":
                expect(page.get_by_test_id("stRadio").first).to_be_visible()
                expect(page.locator("[data-testid=stPageLink]").first).to_be_attached()
                is_accessible(page, axe)
                commit(page)
            expect(drawn(page, strips).first).to_be_visible()
            if key == "what-is-true":
                page.locator(".st-key-truth_gauge_figure").scroll_into_view_if_needed()
                expect(page.locator(".st-key-truth_gauge_figure .js-plotly-plot").first).to_be_visible()
            is_accessible(page, axe)
            fits(page)
