"""The lab on a model that reads words: sub-word tokens, long responses, questions of several lines, no reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from core.errors import Message
from core.runs import lifecycle
from tests.e2e.conftest import LiveRun, Phone, Server, Visit
from tests.e2e.rest import box, laid_out
from tests.e2e.test_live import LAB, block_routes
from tests.helpers import HOSTILE
from tests.lessons.worded import worded_config, worded_trace

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run_id(server: Server) -> Iterator[str]:
    store, config = server.store, worded_config(num_generations=8, panel_size=16)
    run_id = store.create(config, "made up for a test")
    for step in range(2):
        for learner in config.learners:
            store.append(run_id, worded_trace(config, learner.name, step, groups=2))
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
    yield run_id
    store.delete(run_id)


@pytest.fixture(scope="module")
def lab(visits: Callable[[str], Visit], server: Server, run_id: str) -> Page:
    """The lab on that run at its last step, for one test after another."""
    page = visits(f"{server.url}/lab?run={run_id}&group=0").page
    expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", "2")
    laid_out(page)
    return page


def test_tokens_read_as_words_and_long_responses_fold(lab: Page, axe: Callable[..., list[str]]) -> None:
    page = lab
    row = page.locator('.learner[data-learner="grpo"] .strip').nth(2)
    chips = row.locator(".t")
    expect(chips.nth(3)).to_have_text("␣work")
    expect(chips.nth(7)).to_have_text("↵")
    button = row.locator("button.more")
    seen = chips.count()
    whole = int(re.search(r"show all (\d+) tokens", button.inner_text())[1])  # type: ignore[index]
    assert whole > seen, "what is folded away need not be drawn"
    expect(button).to_have_attribute("aria-expanded", "false")
    folded = box(row)
    assert axe(page, LAB) == []
    chips.nth(1).focus()
    page.keyboard.press("End")  # walking on into what is folded away unfolds it
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(chips).to_have_count(whole)
    expect(chips.last).to_be_focused()
    expect(row.locator(".t", has_text="\\xe5\\x8a")).to_have_count(1)  # half of a character: its bytes
    assert box(row)["height"] > 1.5 * folded["height"]
    button.click()
    expect(button).to_have_attribute("aria-expanded", "false")
    page.get_by_test_id("timeline").evaluate("x => { x.value = 0; x.dispatchEvent(new Event('input')) }")
    expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", "1")
    page.get_by_test_id("follow").click()
    expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", "2")


def test_a_long_question_is_shortened_and_shown_whole_on_demand(lab: Page) -> None:
    page = lab
    title = page.locator(".steptitle .mono")
    expect(title).to_have_text(re.compile(r"^Here is a word problem.{50,80}…$"))
    whole = page.locator(".whole .said")
    expect(whole).not_to_be_visible()
    page.locator(".whole summary").click()
    expect(whole).to_contain_text("Think step by step")
    assert "\n" in (whole.text_content() or "")
    buttons = page.locator(".prompts button")
    # What all begin with is left out.
    expect(buttons.first.locator(".mono")).to_have_text(re.compile(r"^…baker has \d trays"))
    expect(buttons.nth(1).locator(".mono")).to_contain_text("…<img src=x onerror=alert(1)> baker")
    for button in buttons.all():
        assert len(button.inner_text()) < 80
        assert "Think step by step" in (button.get_attribute("title") or "")


def test_an_instruction_below_every_question_is_left_out_like_what_all_begin_with(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/lab?run=recorded-smollm2-sums")
    texts = page.locator(".prompts button .mono")
    expect(texts).to_have_count(2)
    expect(texts).to_have_text([re.compile(r"^…\d [+-] \d =…$")] * 2)


def test_what_was_not_measured_is_not_recorded_and_never_zero(lab: Page) -> None:
    page = lab
    kl = page.locator('.chart[data-key="kl"]')
    expect(kl.locator(".values")).to_have_text("not recorded")
    expect(kl.locator(".area")).not_to_be_visible()
    expect(kl.locator(".area")).to_have_attribute("aria-label", re.compile("PPO not recorded, GRPO not recorded"))
    expect(page.locator('.chart[data-key="vf_explained_var"] .values')).to_contain_text("none")  # GRPO's: no critic
    expect(page.locator('[data-testid="color"] option[value="kl"]')).to_have_text("KL to the reference: not recorded")
    page.locator('.learner[data-learner="grpo"] .t').first.click()
    expect(page.locator('.card [data-line="kl"] dd')).to_contain_text("not recorded (no reference model was run)")
    expect(page.locator('.card [data-line="value"] dd')).to_contain_text("none (no critic)")
    page.get_by_test_id("color").select_option("kl")
    expect(page.locator(".legend .scale")).to_have_text("KL to the reference: not recorded")


DOWNLOADING = Message("Downloading {name}: {done:.0f} of {total:.0f} MB.", name="SmolLM2", done=30.2, total=145.0)


def answered(answer: str) -> Message:
    return Message(
        "Answering the held-out questions before training: to “{question}” it says “{answer}”",
        question="2 + 3 =",
        answer=answer,
    )


def test_from_click_to_first_step_something_is_said(page: Page, server: Server, phone: Phone) -> None:
    store, config = server.store, worded_config()
    run_id = store.create(config)
    names = [x.name for x in config.learners]
    lifecycle.enqueue(store, run_id, names)
    page.goto(f"{server.url}/lab?run={run_id}")
    line = page.get_by_test_id("preparing")
    expect(line).to_contain_text("Waiting for a worker process.")
    for name in names:
        assert lifecycle.claim(store, run_id, name)
        lifecycle.preparing(store, run_id, name, DOWNLOADING, 0.21)
    expect(line).to_contain_text("PPO, GRPO")
    expect(line).to_contain_text("Downloading SmolLM2: 30 of 145 MB.")
    expect(line.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "21")
    with phone("dark") as small:
        small.goto(f"{server.url}/lab?run={run_id}&lang=zh-TW")
        expect(small.get_by_test_id("preparing")).to_contain_text("正在下載 SmolLM2：30 / 145 MB。")
    lifecycle.preparing(store, run_id, names[0], answered(HOSTILE[0]), 0.5)
    expect(line).to_contain_text(f"to “2 + 3 =” it says “{HOSTILE[0]}”")
    spoken = line.get_by_role("status").inner_text()
    lifecycle.preparing(store, run_id, names[0], answered("The answer"), 0.6)
    expect(line).to_contain_text("it says “The answer”")
    assert line.get_by_role("status").inner_text() == spoken  # not read out again at every token
    for name in names:
        lifecycle.prepared(store, run_id, name)
        store.append(run_id, worded_trace(config, name, 0, groups=1))
    expect(line).not_to_be_visible()
    expect(page.get_by_test_id("time")).to_contain_text("21 s per step")
    store.delete(run_id)


def test_the_same_through_the_fallback(page: Page, server: Server) -> None:
    block_routes(page)
    run = LiveRun(server.store)
    for learner in run.config.learners:
        lifecycle.preparing(run.store, run.id, learner.name, Message("Converting {name}.", name="SmolLM2"), 0.5)
    page.goto(f"{server.url}/lab?run={run.id}")
    expect(page.get_by_test_id("preparing")).to_contain_text("Converting SmolLM2.")
    run.store.delete(run.id)
