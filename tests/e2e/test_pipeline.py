"""The pipeline that plays, in a real browser: play, pause, scrub, morph, keyboard, reduced motion, no server call."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from core.insight.bridge import bridge
from core.insight.whatif import stored_step
from tests.e2e.conftest import LiveRun, Server, Visit, link
from tests.e2e.rest import at_rest, boxes, caught, fits, frames, values, watched

pytestmark = pytest.mark.browser

PAGES = {"how-ppo-works": "ppo", "how-grpo-works": "grpo"}
#: Whether, while the browser draws 24 frames, the page asks for none. `ask_` is the browser's own way to ask for one.
NONE_IS_ASKED = """() => new Promise(done => {
  const before = window.frames_;
  const next = left => window.ask_(() => left ? next(left - 1) : done(window.frames_ === before));
  next(24);
})"""
#: It alone, for axe.
PIPELINE = {"fromShadowDom": ["#pipeline-host", ".pipeline"]}
TITLES = ("Query", "Policy", "Outputs", "Reference", "Reward", "Value model", "GAE", "Advantage", "Update")


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 4)


def pipeline(page: Page) -> Locator:
    return page.locator("[data-testid=lesson_pipeline] .pipeline")


def open_lesson(page: Page, server: Server, run: LiveRun, key: str = "how-ppo-works", **query: str) -> Locator:
    page.goto(link(server, key, run.id, **{"step": "3", **query}))
    return still(page)


@pytest.fixture(scope="module")
def visit(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Visit:
    """The lesson on PPO."""
    return visits(link(server, "how-ppo-works", run.id, step="3"))


def still(page: Page) -> Locator:
    """The page's pipeline, once it is drawn."""
    expect(pipeline(page).locator("[data-box=policy]")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    return pipeline(page)


def part(drawn: Locator, name: str) -> Locator:
    return drawn.locator(f"[data-testid=pipeline-{name}]")


@pytest.mark.parametrize("key", PAGES)
def test_all_its_boxes_are_in_the_first_screen(page: Page, server: Server, key: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{server.url}/{key}?lang=en")
    all_boxes = pipeline(page).locator("[data-box]")
    expect(all_boxes.first).to_be_visible()
    at_rest(page)
    ends = [x["y"] + x["height"] for x in boxes(all_boxes)]
    assert len(ends) >= 8
    assert max(ends) <= 900


def test_it_plays_from_the_first_station_to_the_last_without_asking_the_server(visit: Visit) -> None:
    page, asked = visit.page, visit.asked
    drawn = still(page)
    at_rest(page)
    assert asked
    asked.clear()
    drawn.get_by_role("combobox").select_option("2")
    with (
        watched(drawn, "x => x.dataset.station") as stations,
        watched(drawn, "x => x.dataset.playing") as playing,
    ):
        part(drawn, "play").click()
        stations.wait_for("policy", "reference", "baseline", "credit", "advantage", "update")
        playing.wait_for("true", "false")
    expect(part(drawn, "play")).to_have_accessible_name("Play")
    assert asked == []


def test_paused_or_out_of_view_no_frame_is_drawn(visit: Visit) -> None:
    page, drawn = visit.page, still(visit.page)
    drawn.get_by_role("combobox").select_option("0.5")
    count = "() => { window.frames_ = 0; const ask = window.requestAnimationFrame.bind(window); window.ask_ = ask;"
    page.evaluate(count + "window.requestAnimationFrame = f => { window.frames_ += 1; return ask(f); }; }")
    caught(  # while it plays
        part(drawn, "play"),
        drawn,
        """x => x.dataset.station === 'policy' && window.frames_ > 3
          && ([...document.querySelectorAll('h2')].at(-1).scrollIntoView(), true)""",
    )
    page.wait_for_function(NONE_IS_ASKED)
    expect(drawn).to_have_attribute("data-playing", "true")
    drawn.scroll_into_view_if_needed()
    part(drawn, "play").click()
    expect(drawn).to_have_attribute("data-playing", "false")
    before = part(drawn, "scrub").input_value()
    frames(page)
    assert part(drawn, "scrub").input_value() == before


def test_every_station_says_its_sentence(visit: Visit) -> None:
    page, drawn = visit.page, still(visit.page)
    announced = part(drawn, "announced")
    expect(announced).to_have_attribute("aria-live", "polite")
    part(drawn, "scrub").focus()
    page.keyboard.press("Home")
    for number, title in enumerate(TITLES, 1):
        drawn.get_by_role("button", name="Next station").click()
        expect(announced).to_contain_text(f"{number} of 9 · {title}")
        assert "{" not in announced.inner_text()
    drawn.get_by_text("Read as text").click()
    expect(drawn.locator("details li")).to_have_count(9)


def test_one_turns_into_the_other_on_the_same_responses(visit: Visit, run: LiveRun) -> None:
    page, drawn = visit.page, still(visit.page)
    part(drawn, "scrub").press("End")
    texts = drawn.locator("[data-box=outputs] .lane").all_inner_texts()
    expect(drawn.locator("[data-box=value]")).to_be_visible()
    expect(drawn.locator("[data-box=group]")).to_be_hidden()
    drawn.get_by_role("button", name="GRPO", exact=True).click()
    expect(drawn).to_have_attribute("data-mode", "grpo")
    expect(drawn.locator("[data-box=value]")).to_be_hidden()
    expect(drawn.locator("[data-box=group]")).to_be_visible()
    expect(part(drawn, "morph")).to_have_value("1")
    assert drawn.locator("[data-box=outputs] .lane").all_inner_texts() == texts
    numbers = drawn.locator("[data-box=advantage] .layer:last-child .mark-of").all_inner_texts()
    step = stored_step(run.store.samples(run.id, "ppo", 2), run.store.tokens(run.id, "ppo", 2))
    credit = bridge(step, run.config.learner("ppo"), run.config.learner("grpo"))[-1].credit.advantages[:, 0].tolist()
    prompt = drawn.locator("[data-box=query] .sub").inner_text()
    expected = [x for x, own in zip(credit, step.panel.prompts, strict=True) if own == prompt]
    assert [float(x.replace("−", "-")) for x in numbers] == pytest.approx(expected, abs=0.006)

    slider = part(drawn, "morph")
    slider.focus()
    slider.fill("0.5")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^between PPO and GRPO"))
    page.keyboard.press("Home")
    expect(drawn).to_have_attribute("data-mode", "ppo")


def test_by_keyboard_alone(visit: Visit) -> None:
    page, drawn = visit.page, still(visit.page)
    scrub = part(drawn, "scrub")
    scrub.focus()
    page.keyboard.press("Home")
    assert float(scrub.input_value()) == 0
    page.keyboard.press("ArrowRight")
    expect(drawn).to_have_attribute("data-station", "query")
    page.keyboard.press("ArrowRight")
    expect(drawn).to_have_attribute("data-station", "policy")
    inside = float(scrub.input_value())
    assert 1 < inside < 2  # one token, not the station
    page.keyboard.press("ArrowLeft")
    assert float(scrub.input_value()) == 1
    page.keyboard.press("PageUp")
    assert float(scrub.input_value()) == 2
    with watched(drawn, "x => x.dataset.playing") as playing:
        page.keyboard.press(" ")
        playing.wait_for("true")
        page.keyboard.press(" ")
        playing.wait_for("true", "false")
    drawn.locator("[data-box=outputs]").focus()
    page.keyboard.press("ArrowRight")
    expect(drawn.locator("[data-box=reference]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(drawn).to_have_attribute("data-station", "reference")
    outline = drawn.locator("[data-box=reference]").evaluate("x => getComputedStyle(x).outlineStyle")
    assert outline == "solid"


def test_who_prefers_less_motion_gets_steps(page: Page, server: Server, run: LiveRun) -> None:
    page.emulate_media(reduced_motion="reduce")
    drawn = open_lesson(page, server, run)
    part(drawn, "play").click()
    positions = values(part(drawn, "scrub"), 3)
    assert positions == {float(round(x)) for x in positions}
    expect(drawn.locator(".flying")).to_have_count(0)
    drawn.get_by_role("button", name="GRPO", exact=True).click()
    expect(part(drawn, "morph")).to_have_value("1")


def test_grpo_opens_in_its_own_state_and_a_box_asks_for_nothing_there(page: Page, server: Server, run: LiveRun) -> None:
    drawn = open_lesson(page, server, run, "how-grpo-works")
    expect(drawn).to_have_attribute("data-mode", "grpo")
    at_rest(page)
    before = page.url
    drawn.locator("[data-box=group]").click()
    expect(drawn).to_have_attribute("data-station", "credit")
    at_rest(page)
    assert page.url == before


def check_on_a_phone(page: Page, axe: Callable[..., list[str]]) -> None:
    """In both states it fits, and axe finds nothing: test_stepper.py opens these pages on phones."""
    drawn = still(page)
    drawn.evaluate("x => { x.getRootNode().host.id = 'pipeline-host'; }")
    for mode in ("GRPO", "PPO"):
        drawn.get_by_role("button", name=mode, exact=True).click()
        expect(drawn).to_have_attribute("data-mode", mode.lower())
        expect(part(drawn, "morph")).to_have_value("1" if mode == "GRPO" else "0")  # what fades is gone
        page.wait_for_function("document.getAnimations().every(x => x.playState !== 'running')")
        fits(page)
        # Nothing else changes where one turns into the other.
        assert axe(page, [["[data-testid=stMain]"]] if mode == "GRPO" else PIPELINE) == []
