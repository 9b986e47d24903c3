"""A trained reward model in a real browser: labels by keyboard, files, a live training, and a policy trained on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from core.insight import reward_example
from core.rewards.preferences import Preference, read, to_json
from tests.e2e.conftest import Server, serving
from tests.e2e.length import MOST, SCREEN, measured
from tests.e2e.rest import at_rest, box, narrowed, timers_gone_off
from tests.waiting import until

pytestmark = pytest.mark.browser
Check = Callable[..., list[str]]
LATER = 700  # milliseconds after which labels are handed over (frontend/lesson_labels.js)
HOSTILE = (
    '{"version": 1, "preferences": [{"prompt": "<img src=x onerror=document.title=1>", "a": "No.", "b": "Hi.", '
    '"preferred": "a", "weight": 1, "source": "<script>"}]}'
)


class Wire:
    """What carries the server's answers to the page, and holds them back where it is told to."""

    def __init__(self, page: Page) -> None:
        self.holds = False
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("_stcore/stream"), self._take)

    def _take(self, route: WebSocketRoute) -> None:
        route.connect_to_server().on_message(lambda x: self._held.append((route, x)) if self.holds else route.send(x))

    def release(self) -> None:
        """All that was held back goes on, in its order."""
        self.holds = False
        for route, message in self._held:
            route.send(message)
        self._held.clear()


def opened(page: Page, server: Server, query: str = "", lang: str = "en") -> None:
    page.goto(f"{server.url}/a-trained-reward-model?lang={lang}{query}")
    page.get_by_test_id("labels").wait_for()
    at_rest(page)


def counts(page: Page, labels: int) -> None:
    """Waits until the page lists one source of labels, oneself, with so many of them."""
    expect(page.locator(".st-key-rm_sources tbody tr")).to_have_count(1)
    expect(page.locator(".st-key-rm_sources tbody td").nth(1)).to_have_text(str(labels))


def test_twenty_pairs_are_labelled_by_keyboard_without_the_server_and_outlive_a_reload(
    page: Page, server: Server, axe: Check, tmp_path: Path
) -> None:
    wire = Wire(page)
    opened(page, server)
    size = measured(page)
    assert size["text"] <= MOST * SCREEN["height"], size
    labels = page.get_by_test_id("labels")
    message = labels.locator(".message")
    high = box(labels)["height"]
    assert high < 0.4 * SCREEN["height"], "a pair and its buttons are seen at once, also on a projector"
    wire.holds = True
    labels.focus()
    for n in range(20):
        before = message.text_content() or ""
        page.keyboard.press("ArrowLeft" if n % 2 else "2")
        expect(labels).to_have_attribute("data-done", str(n + 1))
        if n < 19:
            expect(message).not_to_have_text(before)
    expect(page.get_by_test_id("labels-over")).to_have_text(re.compile(r"^20 pairs labelled in \d+ seconds\.$"))
    expect(page.locator(".st-key-rm_sources")).to_have_count(0)  # all of that without an answer
    wire.release()
    counts(page, 20)
    at_rest(page)  # what is not drawn anew yet is faded; and the browser has been told what to remember
    assert axe(page) == []

    page.reload()
    page.get_by_test_id("labels").wait_for()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "20")
    page.get_by_test_id("labels-next").click()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "0")
    expect(page).to_have_url(re.compile("batch=2"))
    counts(page, 20)
    at_rest(page)  # a file to download has another address after each run of the page's script
    page.get_by_text("More: download, upload, reset").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as JSON").click()
    assert len(read(Path(download.value.path()).read_bytes())) == 20

    evil = tmp_path / "<b>evil.json"
    evil.write_text(HOSTILE)
    page.locator(".st-key-rm_upload input[type=file]").set_input_files(str(evil))
    expect(page.get_by_text("does not know '<'", exact=False)).to_be_visible()
    assert page.title() != "1"
    narrowed(page)
    at_rest(page)
    assert axe(page) == []
    page.get_by_role("button", name="Reset my labels").click()
    expect(page.locator(".st-key-rm_sources")).to_have_count(0)
    at_rest(page)
    page.reload()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "0")
    at_rest(page)  # what the browser remembered would be here by now
    expect(page.locator(".st-key-rm_sources")).to_have_count(0)


def test_files_outlive_a_reload_and_two_tabs_label_together(page: Page, server: Server, tmp_path: Path) -> None:
    opened(page, server)
    recorded = reward_example.read()
    assert recorded is not None
    prompt, a, b = recorded.pool[-1]
    one = Preference(prompt=prompt, a=a, b=b, preferred="a", source="Ada")
    file = tmp_path / "ada.json"
    file.write_text(to_json([one]))
    page.get_by_text("More: download, upload, reset").click()
    page.locator(".st-key-rm_upload input[type=file]").set_input_files(str(file))
    expect(page.locator(".st-key-rm_sources")).to_contain_text("Ada")

    other = page.context.new_page()
    opened(other, server)
    expect(other.locator(".st-key-rm_sources")).to_contain_text("Ada")
    at_rest(other)
    other.get_by_text("More: download, upload, reset").click()
    name = other.get_by_label("Whose labels yours are, in a file")
    name.press_sequentially("x")
    typed = name.input_value()
    for tab, listens, keys, done in ((page, other, "11", "2"), (other, page, "2", "3")):  # each goes on where both are
        tab.get_by_test_id("labels").focus()
        tab.keyboard.type(keys)
        expect(listens.get_by_test_id("labels")).to_have_attribute("data-done", done)
        expect(name).to_have_value(typed)  # what is being written there stays
    page.reload()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "3")
    expect(page.locator(".st-key-rm_sources")).to_contain_text("Ada")

    at_rest(page)
    page.get_by_text("More: download, upload, reset").click()
    expect(page.get_by_text("ada.json: 1 labels")).to_be_visible()
    page.wait_for_function("localStorage.getItem('credit-lab-labels').includes('Ada')")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".st-key-rm_sources")).not_to_contain_text("Ada")
    page.wait_for_function("!localStorage.getItem('credit-lab-labels').includes('Ada')")  # its browser knows
    expect(other.locator(".st-key-rm_sources")).not_to_contain_text("Ada")
    other.close()
    page.reload()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "3")
    at_rest(page)  # what the browser remembered would be here by now
    expect(page.locator(".st-key-rm_sources")).not_to_contain_text("Ada")


def test_forget_me_forgets_labels_and_files_in_every_tab_whichever_page_it_is_on(
    page: Page, server: Server, tmp_path: Path
) -> None:
    opened(page, server)
    recorded = reward_example.read()
    assert recorded is not None
    prompt, a, b = recorded.pool[-1]
    file = tmp_path / "ada.json"
    file.write_text(to_json([Preference(prompt=prompt, a=a, b=b, preferred="a", source="Ada")]))
    page.get_by_text("More: download, upload, reset").click()
    page.locator(".st-key-rm_upload input[type=file]").set_input_files(str(file))
    expect(page.locator(".st-key-rm_sources")).to_contain_text("Ada")
    labels = page.get_by_test_id("labels")
    labels.focus()
    page.keyboard.type("12")
    page.wait_for_function("localStorage.getItem('credit-lab')?.includes('letters/')")
    page.wait_for_function("localStorage.getItem('credit-lab-labels')?.includes('Ada')")

    other = page.context.new_page()
    other.goto(f"{server.url}/glossary?lang=en")
    other.get_by_test_id("stSidebar").get_by_role("button", name="Your answers").click()
    other.get_by_role("button", name="Forget me").click()
    other.wait_for_function("!localStorage.getItem('credit-lab-labels').includes('Ada')")
    other.close()
    expect(labels).to_have_attribute("data-done", "0")
    expect(page.locator(".st-key-rm_sources")).to_have_count(0)
    at_rest(page)
    timers_gone_off(page, LATER)  # a box that has labels of its own has told the server of them once more
    at_rest(page)
    expect(labels).to_have_attribute("data-done", "0")
    assert "Ada" not in page.evaluate("JSON.stringify({...localStorage})")
    page.reload()
    expect(labels).to_have_attribute("data-done", "0")
    at_rest(page)  # what the browser remembered would be here by now
    expect(page.locator(".st-key-rm_sources")).to_have_count(0)


@pytest.fixture
def trains(tmp_path: Path) -> Iterator[Server]:
    """An app that may train."""
    with serving(tmp_path) as running:
        yield running


def test_a_judges_labels_train_a_reward_model_and_that_trains_a_policy(page: Page, trains: Server, axe: Check) -> None:
    opened(page, trains, "&who=grpo")
    train = page.get_by_role("button", name="Train a reward model on these labels")
    expect(train).to_be_disabled()
    page.get_by_test_id("labels").focus()
    for _n in range(2):
        page.keyboard.press("1")
    expect(train).to_be_enabled()
    opened(page, trains, "&judge=warm&who=grpo")
    train.click()
    expect(page.get_by_text("The run “", exact=False)).to_be_visible()
    train = page.get_by_role("button", name="Train on this reward model, in the lab")
    expect(train).to_be_enabled(timeout=240_000)
    panels = page.locator(".training-charts .panel")
    expect(panels).to_have_count(3)
    expect(panels.nth(1)).to_have_attribute("data-points", re.compile(r"^\d\d+$"))  # at least ten
    expect(page.locator(".st-key-rm_strips .t").first).to_be_visible()
    at_rest(page)
    assert axe(page) == []
    train.click()
    expect(page).to_have_url(re.compile(r"/lab\?.*run="))
    store = trains.store
    [run] = [x for x in store.runs() if x.config.compare_samples and x.config.task.kind == "reply"]
    assert {x.reward for x in run.config.learners} == {"reward-model"}
    until(lambda: store.get(run.id).learners[0].step >= 1, 120)
    store.control(run.id, "stop")
    until(lambda: not store.get(run.id).active, 120)
    opened(page, trains, f"&policy={run.id}")
    expect(page.get_by_text("This run ended before it was through", exact=False)).to_be_visible()


def test_labels_outlive_a_lost_connection(page: Page, server: Server, axe: Check) -> None:
    """What is labelled while nobody hears of it is counted once somebody does."""
    routes: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    page.route_web_socket(re.compile("_stcore/stream"), pass_on)
    opened(page, server, lang="zh-TW")
    labels = page.get_by_test_id("labels")
    labels.focus()
    for _n in range(3):
        page.keyboard.press("1")
    before = len(routes)
    routes[-1].close(code=1011)
    for _n in range(3):
        page.keyboard.press("2")
    expect(labels).to_have_attribute("data-done", "6")
    counts(page, 6)
    assert len(routes) > before, "the page has connected again"
    at_rest(page)  # and the browser has been told what to remember
    expect(labels).to_have_attribute("data-done", "6")
    page.reload()
    expect(page.get_by_test_id("labels")).to_have_attribute("data-done", "6")
    at_rest(page)
    assert axe(page) == []
