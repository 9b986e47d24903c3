"""The steppers that play, in a real browser: no server call, a flipped reward, λ, reduced motion, keyboard, a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import LiveRun, Phone, Server, Visit, link
from tests.e2e.rest import at_rest, box, fits, values, watched
from tests.e2e.test_pipeline import check_on_a_phone, pipeline

pytestmark = pytest.mark.browser

PAGES = ("how-ppo-works", "how-grpo-works")


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 4)


def open_lesson(page: Page, server: Server, run: LiveRun, key: str, **query: str) -> Locator:
    page.goto(link(server, key, run.id, **{"step": "3", **query}))
    return stepper(page)


def stepper(page: Page) -> Locator:
    """The page's, once it is drawn."""
    drawn = page.locator("[data-testid=lesson_stepper] .stepper")
    expect(drawn.locator(".head").first).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    drawn.scroll_into_view_if_needed()
    return drawn


@pytest.fixture(scope="module")
def visited(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Callable[[str], Visit]:
    """By lesson, a visit to it."""
    return lambda key: visits(link(server, key, run.id, step="3"))


def at_station(drawn: Locator, station: str) -> None:
    """Goes on from the first sub-step to this one, everything as in the run."""
    own = drawn.get_by_role("button", name="As in the run")
    if own.is_visible():
        own.click()
    scrub = part(drawn, "stepper-scrub")
    for position in range(int(scrub.get_attribute("max") or 0) + 1):
        scrub.fill(str(position))
        if drawn.get_attribute("data-station") == station:
            return
    pytest.fail(f"no sub-step {station}")


def part(drawn: Locator, name: str) -> Locator:
    return drawn.locator(f"[data-testid={name}]")


def numbers(drawn: Locator, row: int) -> list[float]:
    texts = drawn.locator(".col").evaluate_all(
        "(cols, row) => cols.map(x => x.querySelectorAll('.barcell .num')[row].textContent)", row
    )
    return [float(x.replace("−", "-")) for x in texts]


@pytest.mark.parametrize("key", PAGES)
def test_it_plays_and_is_changed_without_asking_the_server(visited: Callable[[str], Visit], key: str) -> None:
    page, asked = visited(key).page, visited(key).asked
    drawn = stepper(page)
    at_rest(page)
    assert asked
    asked.clear()
    scrub = part(drawn, "stepper-scrub")
    scrub.fill("0")
    drawn.get_by_role("combobox").select_option("2")
    with watched(drawn, "x => x.dataset.playing") as playing:
        part(drawn, "stepper-play").click()
        playing.wait_for("true", "false")
    expect(scrub).to_have_value(scrub.get_attribute("max") or "no end")
    if key == "how-ppo-works":
        for name, value in (("lam", "0.3"), ("gamma", "0.9"), ("beta", "0.2"), ("epsilon", "0.05")):
            part(drawn, f"set-{name}").fill(value)
    else:
        part(drawn, "set-G").fill("3")
        drawn.locator("[data-column='0']").click()
    expect(drawn.get_by_role("button", name="As in the run")).to_be_visible()
    assert asked == []


def test_a_flipped_reward_moves_every_advantage(visited: Callable[[str], Visit]) -> None:
    page = visited("how-grpo-works").page
    drawn = stepper(page)
    at_station(drawn, "credit")
    before, rewards = numbers(drawn, 2), np.array(numbers(drawn, 0))
    head = drawn.locator("[data-column='1']")
    head.focus()
    page.keyboard.press("Enter")
    rewards[1] = 1 - rewards[1]
    after = numbers(drawn, 2)
    expected = (rewards - rewards.mean()) / (rewards.std(ddof=1) + 1e-4)
    assert after == pytest.approx(expected.tolist() if rewards.std() else [0.0] * len(rewards), abs=0.006)
    assert all(a != b for a, b in zip(before, after, strict=True))
    expect(head).to_have_attribute("aria-label", re.compile(f"reward {rewards[1]:g}"))
    drawn.get_by_role("button", name="As in the run").click()
    assert numbers(drawn, 2) == before


def test_lambda_lets_credit_reach_back(visited: Callable[[str], Visit], run: LiveRun) -> None:
    page = visited("how-ppo-works").page
    drawn = stepper(page)
    at_station(drawn, "gae")
    lam = part(drawn, "set-lam")
    lam.focus()
    page.keyboard.press("Home")
    deltas = numbers(drawn, 0)
    assert numbers(drawn, 1) == deltas
    expect(part(drawn, "stepper-announced")).to_contain_text("γλ = 0.000")
    page.keyboard.press("End")
    gamma = run.config.learner("ppo").gamma
    reached, carry = [], 0.0
    for delta in reversed(deltas):
        carry = delta + gamma * carry
        reached.append(carry)
    assert numbers(drawn, 1) == pytest.approx(reached[::-1], abs=0.006 * len(deltas))


def test_by_keyboard_alone_and_said_to_a_screen_reader(visited: Callable[[str], Visit]) -> None:
    page = visited("how-ppo-works").page
    drawn = stepper(page)
    announced, scrub = part(drawn, "stepper-announced"), part(drawn, "stepper-scrub")
    expect(announced).to_have_attribute("aria-live", "polite")
    scrub.focus()
    page.keyboard.press("Home")
    for number in range(1, 11):
        page.keyboard.press("PageUp")
        expect(announced).to_contain_text(f"{number} of 10")
        assert not re.search(r"[{}]", announced.inner_text())
    page.keyboard.press("ArrowLeft")
    assert 9 < float(scrub.input_value()) < 10  # one token, not the sub-step
    with watched(drawn, "x => x.dataset.playing") as playing:
        page.keyboard.press(" ")
        playing.wait_for("true")  # it is near its end already, and may be over
    page.keyboard.press(" ")
    scrub.fill("6")
    drawn.locator(".head.spot").focus()
    formula = part(drawn, "stepper-formulas")
    before = formula.inner_text()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(drawn.locator("[data-column='0']")).to_have_class(re.compile("spot"))
    expect(formula).not_to_have_text(before)


def test_a_tokens_ratio_is_dragged_out_of_the_range(visited: Callable[[str], Visit]) -> None:
    page = visited("how-ppo-works").page
    drawn = stepper(page)
    at_station(drawn, "clip")
    picture = drawn.locator(".clip-picture")
    sides = set()
    for share in (0.03, 0.5, 0.97):
        picture.scroll_into_view_if_needed()
        place = box(picture)  # anew: what is changed gets a button, which may take a line of its own
        middle = place["y"] + place["height"] / 2
        page.mouse.move(place["x"] + place["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] * share, middle)
        page.mouse.up()
        sides.add(drawn.locator(".clip-of").get_attribute("data-side"))
    assert sides in ({"0", "1"}, {"0", "-1"})


def test_who_prefers_less_motion_gets_steps(page: Page, server: Server, run: LiveRun) -> None:
    page.emulate_media(reduced_motion="reduce")
    drawn = open_lesson(page, server, run, "how-grpo-works")
    scrub = part(drawn, "stepper-scrub")
    scrub.fill("0")
    part(drawn, "stepper-play").click()
    positions = values(scrub, 3)
    assert positions == {float(round(x)) for x in positions}


@pytest.mark.parametrize("key", PAGES)
@pytest.mark.parametrize(("scheme", "lang"), [("light", "zh-TW"), ("dark", "en")])
def test_on_a_phone_it_and_the_pipeline_fit_and_axe_finds_nothing(
    phone: Phone, server: Server, run: LiveRun, axe: Callable[..., list[str]], key: str, scheme: str, lang: str
) -> None:
    with phone(scheme) as page:
        inside = {"sub": "gae.5"} if key == "how-ppo-works" else {}  # between two tokens
        drawn = open_lesson(page, server, run, key, lang=lang, **inside)
        at_rest(page)  # what is not drawn anew yet is faded
        fits(page)
        check_on_a_phone(page, axe)
        drawn.evaluate("x => { x.getRootNode().host.id = 'stepper-host'; }")
        scrub = part(drawn, "stepper-scrub")
        for position in range(1, int(scrub.get_attribute("max") or 0) + 1):
            scrub.fill(str(position))
            fits(page)
            if position in (1, 4, 6, 9):
                page.wait_for_function("document.getAnimations().every(x => x.playState !== 'running')")
                assert axe(page, {"fromShadowDom": ["#stepper-host", ".stepper"]}) == []
        assert ("策略" in pipeline(page).inner_text()) == (lang == "zh-TW")
        assert ("更新" in drawn.inner_text() or "詞元" in drawn.inner_text()) == (lang == "zh-TW")
