"""The picture of the loop in a real browser: it plays, by keyboard too, and asks the server nothing. And live: a batch
is sampled, plays as it comes, and the run goes on while it is watched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import LiveRun, PhoneCheck, Server, link, serving
from tests.e2e.rest import at_rest, box, boxes, caught, laid_out, narrowed, watched
from tests.e2e.windows import TIMEOUT_MS

pytestmark = pytest.mark.browser
Check = Callable[..., list[str]]
#: Presses Stop once rounds have come and the curve has grown with them; whether it has.
STOPPED = """loop => {
  const stop = document.querySelector('.st-key-loop_stop button');
  loop.seen ??= new Set();
  loop.seen.add(loop.querySelector('[role=img] .all').getAttribute('d').length);
  return Number(loop.dataset.rounds) > 2 && loop.seen.size > 1 && !stop.disabled && (stop.click(), true);
}"""
#: Whether the arrow back reaches further right than all boxes, and what is in them no further than the drawing.
CLOSES = """drawing => {
  const { left, right } = drawing.getBoundingClientRect(), back = drawing.querySelector('.arrows path.back').getBBox();
  const end = x => Math.max(...[...drawing.querySelectorAll(x)].map(y => y.getBoundingClientRect().right));
  return back.x + back.width > end('.box') - left && end('.lane, .row') <= right;
}"""


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 4)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as `make app` starts it, with a data folder of its own."""
    with serving(tmp_path_factory.mktemp("training"), CREDIT_LAB_TRAINING="on") as running:
        yield running
        for made in running.store.runs():
            if made.under_way:
                running.store.control(made.id, "stop")


@pytest.mark.parametrize("width", [1280, 1440])
def test_the_curve_has_room_and_the_update_still_stands_under_the_model(
    page: Page, server: Server, run: LiveRun, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(link(server, "the-loop", run.id))
    drawn = page.locator(".loop")
    expect(drawn).to_have_attribute("data-station", "update")
    laid_out(page)
    parts = drawn.locator(".curve, [data-box=model], [data-box=update]")
    names = parts.evaluate_all("x => x.map(y => y.dataset.box ?? 'curve')")
    curve, model, update = (dict(zip(names, boxes(parts), strict=True))[x] for x in ("curve", "model", "update"))
    assert curve["width"] >= 190
    assert model["y"] + model["height"] < update["y"]
    shared = min(model["x"] + model["width"], update["x"] + update["width"]) - max(model["x"], update["x"])
    assert shared >= 100, "the arrow between them goes straight up"


def test_it_plays_and_is_moved_by_keyboard_without_asking_the_server(page: Page, server: Server, run: LiveRun) -> None:
    asked: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: asked.append(f"sent {len(frame)} bytes")))
    page.goto(link(server, "the-loop", run.id))
    drawn = page.locator(".loop")
    expect(drawn).to_have_attribute("data-station", "update")  # at rest, with what the round came to
    at_rest(page)  # what the page itself still tells the server when it comes up
    expect(drawn.locator(".box")).to_have_count(6)
    expect(drawn.locator(".says")).to_contain_text("Round 1 of 4, step 1")
    expect(drawn.get_by_role("img")).to_have_attribute("aria-label", re.compile("Right responses per step"))
    asked.clear()
    play = page.get_by_test_id("loop-play")
    flies = "[...x.querySelectorAll('.flying')].some(y => y.checkVisibility())"
    with watched(drawn, f"x => [x.dataset.playing, x.dataset.station, {flies}]") as seen:
        # Paused while it is there.
        caught(play, drawn, "(x, play) => x.dataset.station === 'responses' && (play.click(), true)")
        seen.wait_for(["true", "prompts", True])  # from the beginning, and prompts fly to the model
    expect(drawn).to_have_attribute("data-playing", "false")
    expect(drawn).to_have_attribute("data-station", "responses")
    scrub = page.get_by_test_id("loop-scrub")
    scrub.focus()
    scrub.press("ArrowRight")
    scrub.press("ArrowRight")
    expect(drawn).to_have_attribute("data-station", "reward")
    expect(drawn.locator("[data-box=reward] .pebble").first).to_be_visible()
    expect(drawn.locator("[data-box=tuples] .row").first).to_be_hidden()
    scrub.press("ArrowRight")
    expect(drawn.locator("[data-box=tuples] .row").first).to_be_visible()
    expect(scrub).to_have_attribute("aria-valuetext", re.compile("tuples", re.IGNORECASE))
    scrub.fill("24")
    expect(drawn).to_have_attribute("data-round", "3")
    reward = drawn.get_by_role("button", name=re.compile("^Reward function, frozen"))
    reward.press("Enter")  # a box is its station in the round on show
    expect(drawn).to_have_attribute("data-station", "reward")
    expect(drawn).to_have_attribute("data-round", "3")
    reward.press("ArrowLeft")
    expect(drawn.get_by_role("button", name=re.compile("^Responses"))).to_be_focused()
    assert asked == []
    narrowed(page)


def test_whoever_wants_no_motion_gets_a_station_at_a_time(browser: Browser, server: Server, run: LiveRun) -> None:
    context = browser.new_context(reduced_motion="reduce", locale="zh-TW")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(link(server, "the-loop", run.id))
    drawn = page.locator(".loop")
    expect(drawn.locator(".says")).to_contain_text("第 1 次循環")
    with watched(drawn, "x => x.dataset.station") as stations:
        page.get_by_test_id("loop-play").click()
        stations.wait_for("prompts", "model")
    assert drawn.locator(".flying").count() == 0
    page.get_by_test_id("loop-play").click()
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_on_a_phone_the_ring_closes_and_nothing_sticks_out(
    server: Server, fits_and_is_accessible: PhoneCheck, lang: str
) -> None:
    def opened(page: Page) -> None:
        page.goto(f"{server.url}/the-loop?lang={lang}")
        drawing = page.locator(".loop .drawing")
        expect(drawing.locator("[data-box=update] .row").first).to_be_visible()
        # From the update around all boxes back to the model.
        expect(drawing.locator(".arrows path.back")).to_have_count(1)
        page.wait_for_function(CLOSES, arg=drawing.element_handle())  # once it is as wide as it gets

    fits_and_is_accessible(lang, opened)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_on_a_projector_what_is_pressed_and_the_whole_ring_are_in_the_first_screen(
    page: Page, server: Server, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/the-loop?present=1")
    ring = page.locator(".loop .drawing")
    expect(ring).to_be_visible()
    at_rest(page)
    expect(page.locator(".place")).to_contain_text("1 of")
    laid_out(page)
    bar = box(page.get_by_role("toolbar", name="Present"))
    press = box(page.locator(".st-key-loop_sample button").first)
    drawn = box(ring)
    assert drawn["y"] + drawn["height"] <= bar["y"]
    assert drawn["x"] + drawn["width"] <= width
    assert press["y"] < drawn["y"]


def test_a_batch_is_sampled_live_and_the_run_goes_on_while_it_is_watched(
    page: Page, training: Server, axe: Check
) -> None:
    page.goto(f"{training.url}/the-loop?lang=en")
    drawn = page.locator(".loop")
    expect(drawn).to_have_attribute("data-own", "false")
    expect(page.get_by_test_id("loop-whose")).to_have_text("recorded")
    sample, on = (page.locator(f".st-key-loop_{key} button").first for key in ("sample", "on"))
    waits = "x.querySelector('.says').textContent.startsWith('Your batch plays here as soon as it is there.')"
    with watched(drawn, f"x => [x.dataset.own, x.dataset.playing, {waits}]") as seen:
        sample.click()
        # It comes, and plays by itself: nobody presses play.
        seen.wait_for(["false", "false", True], ["true", "true", False])
    expect(drawn).to_have_attribute("data-rounds", "1")
    expect(page.get_by_test_id("loop-whose")).to_have_text("sampled live")
    (made,) = [x for x in training.store.runs() if not x.recorded]
    samples = training.store.samples(made.id, "grpo", 0).to_pylist()
    prompt = drawn.locator("[data-box=prompts] b.prompt").inner_text()
    answered = [x for x in samples if x["prompt"].strip() == prompt]
    assert answered, "a prompt of the batch that the worker has just asked"
    assert drawn.locator("[data-box=tuples] .row").count() == len({x["response"] for x in answered})
    expect(page).to_have_url(re.compile(f"live={made.id}"))

    expect(on).to_be_enabled()
    page.get_by_test_id("loop-scrub").press("End")  # seen to its end; else it is left to play at its own pace
    caught(on, drawn, STOPPED)  # in the page: the run does not wait for this process
    assert training.store.get(made.id).learners[0].steps == 41
    assert len([x for x in training.store.runs() if not x.recorded]) == 1, "it is the same run that goes on"
    expect(drawn).to_have_attribute("data-round", re.compile(r"^[1-9]"))  # it plays on
    expect(sample).to_be_enabled()
    page.get_by_test_id("loop-scrub").press("End")  # what plays is half there
    at_rest(page)
    assert axe(page) == []
    page.reload()
    expect(drawn).to_have_attribute("data-own", "true")
    expect(drawn).to_have_attribute("data-rounds", re.compile(r"^([3-9]|\d\d+)$"))
    expect(drawn).to_have_attribute("data-playing", "false")
    page.locator(".st-key-loop_open button").click()
    expect(page.get_by_test_id("lab")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={made.id}"))
    page.get_by_role("link", name="Back to The loop").click()
    expect(drawn).to_have_attribute("data-own", "true")
    expect(page).to_have_url(re.compile(f"live={made.id}"))
