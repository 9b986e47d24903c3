"""What a visitor answered is there again after a reload, another language and another page, until it is forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server, free_port, serving
from tests.e2e.rest import at_rest

pytestmark = pytest.mark.browser
LESSON = "how-grpo-works"
WORDS = {
    "en": ("Right.", "1 of 4", "You said", "Your answers", "Forget me"),
    "zh-TW": ("答對了。", "4 題中答對 1 題", "你的預測：", "你的作答", "忘記我"),
}


def answer(page: Page) -> None:
    """The prediction as it stands in the middle of its scale, and the quiz's first question, rightly."""
    page.locator(".st-key-hgw_lone_commit button").click()
    expect(page.locator(".st-key-hgw_lone_again")).to_be_visible()
    quiz = page.locator(".st-key-hgw_quiz_1_box")
    quiz.locator("label:has(input)").nth(1).click()
    expect(quiz.locator('[data-testid="stAlertContentSuccess"]')).to_be_visible()


def remembered(page: Page, lang: str) -> None:
    right, score, yours, *_ = WORDS[lang]
    quiz = page.locator(".st-key-hgw_quiz_1_box")
    expect(quiz).to_contain_text(right)
    expect(quiz.locator("input:checked")).to_have_count(1)
    expect(page.locator(".st-key-hgw_quiz_score")).to_contain_text(score)
    expect(page.locator(".st-key-hgw_lone_predict")).to_contain_text(yours)


def test_answers_outlive_reload_language_and_other_pages_until_they_are_forgotten(page: Page, server: Server) -> None:
    """Answered in English, forgotten in Chinese."""
    page.goto(f"{server.url}/{LESSON}?lang=en")
    expect(page.locator(".st-key-hgw_lone_commit")).to_be_visible()
    assert page.evaluate("localStorage.getItem('credit-lab')") is None, "who answered nothing leaves nothing"
    answer(page)
    remembered(page, "en")
    page.wait_for_function("localStorage.getItem('credit-lab')?.includes('quiz/hgw_quiz_1')")

    page.reload()
    remembered(page, "en")
    expect(page.get_by_test_id("stSidebar").get_by_role("button", name=WORDS["en"][3])).to_be_visible()

    page.get_by_test_id("stSidebar").get_by_text("繁體中文", exact=True).click()
    remembered(page, "zh-TW")

    page.locator('[data-testid="stSidebarNav"] a[href*="ratio-and-clip"]').click()
    expect(page.locator(".st-key-hgw_lone_predict")).to_have_count(0)
    page.locator(f'[data-testid="stSidebarNav"] a[href*="{LESSON}"]').click()
    remembered(page, "zh-TW")

    page.goto(f"{server.url}/{LESSON}?lang=zh-TW")  # a new session, of the same browser
    remembered(page, "zh-TW")
    *_, menu, forget = WORDS["zh-TW"]
    page.get_by_test_id("stSidebar").get_by_role("button", name=menu).click()
    page.get_by_role("button", name=forget).click()
    expect(page.locator(".st-key-hgw_lone_commit")).to_be_visible()
    expect(page.locator(".st-key-hgw_quiz_1_box input:checked")).to_have_count(0)
    page.wait_for_function("!localStorage.getItem('credit-lab').includes('hgw')")
    page.reload()
    expect(page.locator(".st-key-hgw_lone_commit")).to_be_visible()
    at_rest(page)  # what the browser has kept is there by now
    expect(page.locator(".st-key-hgw_lone_commit")).to_be_visible()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        json.dumps(
            {
                "version": 1,
                "cleared": "x",
                "entries": {
                    "quiz/hgw_quiz_1": [99, 1],
                    "predict/hgw_lone": ["x", 1],
                    "<img src=x onerror=alert(1)>": ["<b>", 1],
                    "quiz/x": [{}, 1],
                },
            }
        ),
        json.dumps({"version": 99, "entries": {"quiz/hgw_quiz_1": [1, 1]}}),
        json.dumps({"version": 1, "cleared": 1e300, "entries": {"quiz/hgw_quiz_1": [1, 1e300]}}),
    ],
)
def test_whatever_stands_in_the_browser_the_page_stands(page: Page, server: Server, text: str) -> None:
    """And what a session does not know it is told once, however often it is drawn, also what it refuses."""
    errors, frames = list[str](), list[bytes]()
    page.on("websocket", lambda socket: socket.on("framesent", lambda x: frames.append(bytes(x))))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto(f"{server.url}/_stcore/health")  # of the same origin
    page.evaluate("text => localStorage.setItem('credit-lab', text)", text)
    page.goto(f"{server.url}/{LESSON}?lang=en")
    quiz = page.locator(".st-key-hgw_quiz_1_box")
    expect(quiz).to_be_visible()
    expect(page.locator(".st-key-hgw_lone_commit")).to_be_visible()
    expect(quiz.locator("input:checked")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    at_rest(page)
    passed_on = sum(b'"kept"' in x for x in frames)
    assert passed_on <= 1
    assert len(frames) == 1 + passed_on, "the page asks for itself"
    # An answer is handed to the browser, whose memory then looks again at what the session does not know.
    quiz.locator("label:has(input)").nth(1).click()
    expect(quiz.get_by_test_id("stAlertContentSuccess")).to_be_visible()
    at_rest(page)
    page.get_by_test_id("stSidebar").get_by_text("繁體中文", exact=True).click()
    expect(quiz).to_contain_text(WORDS["zh-TW"][0])
    at_rest(page)
    page.locator(".st-key-hgw_lone_commit button").click()
    expect(page.locator(".st-key-hgw_lone_again")).to_be_visible()
    at_rest(page)
    assert len(frames) == 1 + passed_on + 3, "an act runs the page once: what it was told, it is not told again"
    assert errors == []


def test_a_page_that_is_open_when_the_server_begins_anew_goes_on(page: Page, tmp_path: Path) -> None:
    """The new session knows none of its fragments: the page asks for all of it, with what was answered before."""
    port = free_port()
    quiz = page.locator(".st-key-hgw_quiz_1_box")
    with serving(tmp_path, port=port, CREDIT_LAB_TRAINING="off") as first:
        page.goto(f"{first.url}/{LESSON}?lang=en")
        answer(page)
        at_rest(page)
    app = page.get_by_test_id("stApp")
    expect(app).not_to_have_attribute("data-test-connection-state", "CONNECTED")
    with serving(tmp_path, port=port, CREDIT_LAB_TRAINING="off"):
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
        at_rest(page)
        remembered(page, "en")
        quiz.locator("label:has(input)").nth(0).click()
        expect(quiz.get_by_test_id("stAlertContentWarning")).to_be_visible()
        expect(page.locator(".st-key-hgw_quiz_score")).to_contain_text("0 of 4")
