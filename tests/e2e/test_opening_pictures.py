"""What lessons open with, in a real browser: it plays, pauses, is scrubbed by keys, asks the server for nothing,
goes in steps where less motion is wanted, and fits a phone. One visit a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.rest import at_rest, box, caught, narrowed, watched

pytestmark = pytest.mark.browser
Check = Callable[..., list[str]]
#: Lesson → its picture, its key on the page, what of it has gone by at last, what its slider says in the middle.
PICTURES = {
    "what-is-true": ("fall", "truth_fall", 37, r"“7”, token 28 of 37: it takes the truth from 0\.92 to 0\.01"),
    "the-critic": ("race", "tc_race_sighted", 60, r"Step 28: GRPO 0\.\d\d ± 0\.\d\d, .*Steps 1–28: "),
    "a-real-instruct-model": (
        "answers",
        "real_opening",
        64,
        r"Question 28: .*before training: .*Asked so far: 28 of 64",
    ),
}


#: Whether what a picture draws ends within it; it is drawn anew where it is narrower.
INSIDE = """picture => [...picture.querySelectorAll('svg, .square')].every(
  x => x.getBoundingClientRect().right <= picture.getBoundingClientRect().right + 1)"""


@pytest.mark.parametrize("key", PICTURES)
def test_it_plays_and_is_scrubbed_without_the_server(page: Page, server: Server, axe: Check, key: str) -> None:
    name, mounted, last, says = PICTURES[key]
    calls: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda x: calls.append(x)))
    page.goto(f"{server.url}/{key}?lang=en")
    picture = page.locator(f".{name}-picture")
    expect(picture).to_have_attribute("data-at", str(last))  # it stands complete
    at_rest(page)
    asked = len(calls)
    play, scrub = page.get_by_test_id(f"{name}-play"), page.get_by_test_id(f"{name}-scrub")
    place = box(scrub)
    assert place["y"] + place["height"] <= 900, "picture and controls are in the first screen"
    expect(picture.get_by_role("img").first).to_have_accessible_name(re.compile(r"\d"))

    with watched(play, "x => x.getAttribute('aria-label')") as names:
        # Paused while it is there.
        caught(play, picture, "(x, play) => x.dataset.at > 3 && x.dataset.at < 30 && (play.click(), true)")
        names.wait_for("Play", "Pause", "Play")
    expect(picture).to_have_attribute("data-playing", "false")
    scrub.press("Home")
    expect(picture).to_have_attribute("data-at", "0")
    for _n in range(28):
        scrub.press("ArrowRight")
    expect(scrub).to_have_attribute("aria-valuetext", re.compile(says))
    play.press("Enter")
    expect(picture).to_have_attribute("data-at", str(last))
    expect(picture).to_have_attribute("data-playing", "false")

    page.emulate_media(reduced_motion="reduce")
    picture.evaluate(
        """x => { window.seen = new Set(); new MutationObserver(() => window.seen.add(Number(x.dataset.at)))
          .observe(x, {attributes: true, attributeFilter: ["data-at"]}) }"""
    )
    play.press("Enter")
    page.wait_for_function("window.seen.size >= 3")
    play.press("Enter")
    stride = -(-last // 12)
    steps = set(page.evaluate("[...window.seen]")) - {last}  # where it was
    assert all(x % stride == 0 for x in steps), "in a dozen steps, and nothing between"
    assert len(calls) == asked, "nobody was asked for anything"

    narrowed(page)
    page.wait_for_function(INSIDE, arg=picture.element_handle())
    assert axe(page, [f".st-key-{mounted}"]) == []


def test_same_answers_plays_one_credit_before_the_prediction_and_both_after_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/same-answers?lang=en")
    picture = page.locator(".credits")
    expect(picture).to_have_attribute("data-playing", "false")
    at_rest(page)
    tokens = picture.locator(".tk.there").count()
    assert tokens > 10
    expect(picture.locator(".bar-cell.hidden")).to_have_count(tokens)
    choice = page.locator("[class*=_predict] [role=radiogroup] label").first
    for part in (picture, page.get_by_test_id("credits-scrub"), choice):
        place = box(part)
        assert place["y"] + place["height"] <= 900, "picture and question are in the first screen"
    expect(page.get_by_test_id("credits-scrub")).to_have_attribute("aria-valuetext", re.compile(r"PPO \?, GRPO −"))
    predict = page.locator("[class*=_predict]").first
    predict.locator("label").filter(has=page.locator("input[type=radio]")).nth(2).click()
    button = predict.get_by_role("button", name=re.compile("Commit"))
    expect(button).to_be_enabled()
    button.click()
    both = page.locator(".st-key-same_one .credits")
    expect(both).to_have_attribute("data-playing", "false")
    expect(both.locator(".bar-cell.hidden")).to_have_count(0)
    expect(page.get_by_test_id("credits-scrub")).to_have_attribute("aria-valuetext", re.compile(r"PPO [−+]\d"))
