"""The live lab in a real browser: what a learner marked stays marked while the run goes on; a link shows the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from core.config import RunConfig
from core.errors import verbatim
from core.given_config import change
from core.runs import lifecycle
from tests.e2e.conftest import LiveRun, Server, recolour, serving
from tests.e2e.equations import true_as_printed
from tests.e2e.rest import at_rest, box, comes_true, fits, frames, laid_out, timers_gone_off
from tests.e2e.windows import Windows
from tests.helpers import HOSTILE, step_trace

pytestmark = pytest.mark.browser
#: The lab alone, for axe; the pages around it have tests of their own.
HOST = ".st-key-lab [data-testid=stBidiComponentIsolated]"
LAB = {"include": [{"fromShadowDom": [HOST, ".lab"]}]}

#: What another colouring changes in it.
COLOURED = {"include": [{"fromShadowDom": [HOST, part]} for part in (".learner", ".legend")]}


@pytest.fixture
def run(server: Server) -> Iterator[LiveRun]:
    run = LiveRun(server.store)
    run.tick(20)
    yield run
    run.store.delete(run.id)


@pytest.fixture(autouse=True)
def no_script_errors(page: Page) -> Iterator[None]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(f"a dialog: {dialog.message}"))
    yield
    assert errors == []


@pytest.fixture(scope="module")
def standing(windows: Windows, server: Server) -> Iterator[Page]:
    """The lab on a run of 20 steps that makes no other, for tests that each choose what they look at."""
    run = LiveRun(server.store)
    run.tick(20)
    LiveRun.going.remove(run)  # it outlives a test
    errors: list[str] = []
    with windows.lent() as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_lab(page, server, run)
        yield page
    run.store.delete(run.id)
    assert errors == []


def at_the_end(page: Page) -> Locator:
    """The standing lab where it follows its run, with the pointer on nothing."""
    page.mouse.move(0, 0)  # else it reads what the page is scrolled to beneath it
    lab = page.get_by_test_id("lab")
    if lab.get_attribute("data-follow") != "true":
        page.get_by_test_id("follow").click()
    shown_step(lab, 20)
    return lab


def go_to(page: Page, lab: Locator, step: int) -> None:
    """Moves the timeline."""
    move = "(x, step) => { x.value = step - 1; x.dispatchEvent(new Event('input')) }"
    page.get_by_test_id("timeline").evaluate(move, step)
    shown_step(lab, step)


def open_lab(page: Page, server: Server, run: LiveRun, query: str = "") -> Locator:
    page.goto(f"{server.url}/lab?run={run.id}{query}")
    lab = page.get_by_test_id("lab")
    expect(lab).to_have_attribute("data-shown-step", re.compile(r"\d+"))
    return lab


def query_of(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def has_query(page: Page, expected: dict[str, str]) -> None:
    """The address comes to say this: Streamlit may write what it knows of it, and the lab then adds what is its own."""
    is_there = comes_true(page, lambda: expected.items() <= query_of(page).items())
    assert is_there, (expected, query_of(page))


def chosen_token(lab: Locator, chip: Locator) -> str:
    """Clicks a token; its name, once it is the chosen one. The one that the lab opens at is marked before it is."""
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(lab).to_have_attribute("data-token", re.compile("."))
    return lab.get_attribute("data-token") or ""


def shown_step(lab: Locator, step: int) -> None:
    expect(lab).to_have_attribute("data-shown-step", str(step))


def over(page: Page, chart: str) -> Locator:
    return page.locator(f'.chart[data-key="{chart}"] .u-over')


def drag(page: Page, area: Locator, start: float, end: float) -> None:
    laid_out(page)  # from here on nothing moves it away from under the pointer
    area.scroll_into_view_if_needed()
    place = box(area)
    y = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] * start, y)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * (start + end) / 2, y)
    page.mouse.move(place["x"] + place["width"] * end, y)
    page.mouse.up()


#: Both clicks and what comes of them at one moment: a second one that comes late is no double click to the page.
DOUBLE_CLICK = """x => {
  const {left, top, width, height} = x.getBoundingClientRect();
  const at = {bubbles: true, composed: true, clientX: left + width / 2, clientY: top + height / 2};
  for (const detail of [1, 2]) {
    for (const type of ['mousedown', 'mouseup', 'click']) x.dispatchEvent(new MouseEvent(type, {...at, detail}));
  }
  x.dispatchEvent(new MouseEvent('dblclick', {...at, detail: 2}));
}"""
#: So long after a click the page waits for a second one, in milliseconds (clicks.js).
SECOND_CLICK = 230


def test_zoom_hover_and_token_survive_30_live_ticks(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run)
    token = chosen_token(lab, page.locator(".t").nth(4))
    drag(page, over(page, "reward"), 0.25, 0.75)
    board = page.locator(".board")
    expect(board).to_have_attribute("data-zoom", re.compile(r"[\d.]+:[\d.]+"))
    over(page, "kl").hover()
    expect(board).to_have_attribute("data-hover-step", re.compile(r"\d+"))
    marked = {name: board.get_attribute(name) for name in ("data-zoom", "data-hover-step")}
    canvas = page.locator('.chart[data-key="reward"] canvas').element_handle()
    for tick in range(30):
        run.tick()
        if tick % 5 == 4:  # a page that is a few steps behind shows them together, as on a busy machine
            shown_step(lab, 21 + tick)
        assert {name: board.get_attribute(name) for name in marked} == marked
        assert lab.get_attribute("data-token") == token
    assert canvas.evaluate("node => node.isConnected"), "the chart was drawn anew instead of kept"
    expect(page.locator(".t.picked")).to_have_count(1)
    expect(page.get_by_test_id("board-caption")).to_contain_text(f"step {marked['data-hover-step']}")
    page.get_by_test_id("reset-zoom").click()
    expect(board).to_have_attribute("data-zoom", "")


def test_double_click_resets_the_zoom_and_chooses_nothing(standing: Page) -> None:
    page, lab = standing, at_the_end(standing)
    drag(page, over(page, "kl"), 0.2, 0.6)
    board = page.locator(".board")
    expect(board).to_have_attribute("data-zoom", re.compile(":"))
    over(page, "kl").hover()
    expect(board).to_have_attribute("data-hover-step", re.compile(r"\d+"))
    over(page, "kl").evaluate(DOUBLE_CLICK)
    expect(board).to_have_attribute("data-zoom", "")
    timers_gone_off(page, SECOND_CLICK)
    expect(lab).to_have_attribute("data-follow", "true")


def test_a_click_on_a_chart_goes_to_that_step_and_follow_live_returns(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run)
    laid_out(page)
    area = over(page, "entropy")
    area.click(position={"x": box(area)["width"] * 0.3, "y": 30})
    expect(lab).to_have_attribute("data-follow", "false")
    step = int(lab.get_attribute("data-step") or 0)
    assert 2 < step < 15
    shown_step(lab, step)
    run.tick()
    expect(page.locator('.bar[data-learner="ppo"] .count')).to_have_text("step 21 of 60")
    shown_step(lab, step)
    page.get_by_test_id("follow").click()
    shown_step(lab, 21)
    expect(page).not_to_have_url(re.compile(r"[?&]step="))


def test_a_link_shows_the_same(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run)
    go_to(page, lab, 7)
    page.locator(".prompts button").nth(2).click()
    expect(lab).to_have_attribute("data-group", "2")
    page.get_by_test_id("color").select_option("ratio")
    page.get_by_test_id("x-axis").select_option("samples")
    page.get_by_test_id("pass").evaluate("x => { x.value = 1; x.dispatchEvent(new Event('input')) }")
    token = chosen_token(lab, page.locator('.learner[data-learner="grpo"] .t').nth(20))
    chosen = {"step": "7", "group": "2", "color": "ratio", "x": "samples", "pass": "1", "token": token}
    has_query(page, {"run": run.id, **chosen})
    query = query_of(page)
    other = page.context.new_page()
    other.goto(page.url)
    again = other.get_by_test_id("lab")
    shown_step(again, 7)
    expect(again).to_have_attribute("data-group", "2")
    expect(other.get_by_test_id("color")).to_have_value("ratio")
    expect(other.get_by_test_id("x-axis")).to_have_value("samples")
    expect(other.get_by_test_id("pass")).to_have_value("1")
    expect(again).to_have_attribute("data-token", token)
    expect(other.locator(".card")).to_have_text(page.locator(".card").inner_text(), use_inner_text=True)
    has_query(other, query)
    assert comes_true(other, lambda: query_of(other) == query)


def test_each_axis_says_what_it_counts_and_where_each_learner_stands(page: Page, server: Server) -> None:
    config = change(RunConfig(steps=60), {"ppo.value_pretrain_updates": 16})
    run = LiveRun(server.store, config)
    run.tick(20)
    lab = open_lab(page, server, run, "&step=5")
    axis, caption = page.get_by_test_id("x-axis"), page.get_by_test_id("board-caption")
    expect(axis).to_have_value("trained")
    expect(caption).to_contain_text("step 5 (640 training responses)")
    row = page.locator('.compared tr[data-learner="ppo"] td')
    expect(row).to_have_count(5)
    expect(row.nth(0)).to_have_text(re.compile("^2,?560$"))
    expect(row.nth(1)).to_have_text(re.compile("^3,?072$"))
    axis.focus()
    page.keyboard.press("ArrowDown")
    expect(axis).to_have_value("samples")
    expect(caption).to_contain_text("step 5 (PPO 1,152 scored, GRPO 640 scored)")
    has_query(page, {"x": "samples"})
    laid_out(page)
    area = over(page, "reward")
    expect(page.locator('.chart[data-key="reward"] .area')).to_have_attribute(
        "aria-label", re.compile("step 5; x-axis: all responses scored")
    )
    place: Any = {"x": box(area)["width"] * 0.4, "y": 30}
    area.hover(position=place)
    expect(caption).to_have_text(re.compile(r"under the pointer \(PPO step \d+, GRPO step \d+\)"))
    ppo, grpo = map(int, re.findall(r"step (\d+)", caption.inner_text())[:2])
    assert grpo - ppo == 4, "at the same number of responses scored"
    area.click(position=place)
    expect(lab).to_have_attribute("data-shown-step", re.compile(f"^({ppo}|{grpo})$"))


def test_an_axis_that_was_not_recorded_cannot_be_chosen(page: Page, server: Server) -> None:
    run = LiveRun(server.store)
    for learner in ("ppo", "grpo"):
        trace = step_trace(run.config, learner, 0)
        server.store.append(run.id, replace(trace, scalars={**trace.scalars, "samples_seen": None}))
    open_lab(page, server, run, "&x=samples")
    axis = page.get_by_test_id("x-axis")
    expect(axis).to_have_value("trained")
    missing = axis.locator("option[value=samples]")
    expect(missing).to_be_disabled()
    expect(missing).to_have_text("all responses scored (not recorded)")
    expect(page.locator('.compared tr[data-learner="ppo"] td').nth(1)).to_have_text("not recorded")


def test_reruns_of_the_page_leave_the_choices_alone(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run, "&step=5")
    token = chosen_token(lab, page.locator(".t").nth(3))
    chosen = {"run": run.id, "step": "5", "token": token}
    has_query(page, chosen)
    page.get_by_text("繁體中文", exact=True).click()
    expect(page.get_by_test_id("follow")).not_to_have_text("Follow live")
    shown_step(lab, 5)
    has_query(page, chosen)
    expect(lab).to_have_attribute("data-token", token)


@pytest.mark.parametrize(
    "query", ["&step=abc&group=-1&token=x&color=pink&x=y&pass=9", "&step=999&group=77&token=ppo.999.999"]
)
def test_nonsense_in_the_link_does_no_harm(page: Page, server: Server, run: LiveRun, query: str) -> None:
    lab = open_lab(page, server, run, query)
    shown_step(lab, 20)
    expect(page.locator(".t").first).to_be_visible()


def test_what_a_model_wrote_is_shown_letter_by_letter(page: Page, server: Server) -> None:
    run = LiveRun(server.store, hostile=True)
    run.tick(2)
    lab = open_lab(page, server, run)
    prompts = page.locator(".prompts button .mono")
    for i, text in enumerate(HOSTILE):
        expect(prompts.nth(i)).to_contain_text(text)
        page.locator(".prompts button").nth(i).click()
        expect(page.locator(".steptitle .mono")).to_contain_text(text)
        expect(lab).to_have_attribute("data-group", str(i))
        first = page.locator('.learner[data-learner="ppo"] .strip').first.locator(".t").first
        # A token may hold the whole text and more: it starts as the text does, with spaces made visible.
        assert (first.text_content() or "").startswith(text[:28].replace(" ", "␣"))
        first.click()
        expect(page.locator(".card h3")).to_contain_text(text[:28])
    assert page.locator(".lab img, .lab a, .lab script").count() == 0
    run.store.delete(run.id)


def test_axe_finds_no_serious_violation(
    page: Page, server: Server, run: LiveRun, axe: Callable[..., list[str]]
) -> None:
    lab = open_lab(page, server, run)
    page.locator(".t.none").first.wait_for(state="detached")
    folds = page.locator(".board details")
    for fold in folds.all():
        fold.locator("summary").click()
        expect(fold).to_have_attribute("open", "")
    for scheme in ("light", "dark"):
        recolour(page, scheme)
        expect(lab).to_have_attribute("data-theme", scheme)
        for colouring in ("advantage", "value", "logprob"):
            page.get_by_test_id("color").select_option(colouring)
            part = LAB if colouring == "advantage" else COLOURED  # nothing else changes with it
            assert axe(page, part) == [], (scheme, colouring)


def test_everything_can_be_done_by_keyboard(standing: Page) -> None:
    page, lab = standing, at_the_end(standing)
    page.get_by_test_id("timeline").focus()
    page.keyboard.press("ArrowLeft")
    shown_step(lab, 19)
    first = page.locator(".t").first
    assert page.locator('.t[tabindex="0"]').count() == 1, "the strips are one stop in the page's tab order"
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = page.locator(".t:focus")
    expect(page.get_by_role("tooltip")).to_be_visible()
    expect(page.get_by_role("tooltip")).to_contain_text("position 3")
    page.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".card .head .sub")).to_contain_text("response 2 · position 3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".t:focus")).to_have_attribute("aria-pressed", "false")
    expect(focused).to_be_focused()


def test_a_value_that_a_learner_lacks_reads_none(standing: Page) -> None:
    page = standing
    page.get_by_test_id("color").select_option("value")
    grpo = page.locator('.learner[data-learner="grpo"] .t')
    expect(grpo.first).to_have_class(re.compile(r"\bnone\b"))
    expect(grpo.first).to_have_attribute("aria-label", re.compile("value none"))
    assert page.locator('.learner[data-learner="ppo"] .t.none').count() == 0
    expect(page.locator('.chart[data-key="vf_explained_var"] .values')).to_contain_text("none")


def test_the_first_pass_has_every_ratio_at_one_and_later_ones_drift(standing: Page) -> None:
    page = standing
    page.get_by_test_id("pass").press("Home")
    ppo = page.locator('.scatter[data-scatter="ppo"]')
    expect(ppo.locator(".note")).to_contain_text("every ratio is 1")
    expect(ppo.locator("circle.hollow")).to_have_count(0)
    page.get_by_test_id("pass").focus()
    page.keyboard.press("ArrowRight")
    expect(ppo).to_have_attribute("data-pass", "1")
    expect(ppo.locator(".note")).not_to_contain_text("every ratio is 1")
    note = re.search(r"(\d+) cut at the high side, (\d+) at the low", ppo.locator(".note").inner_text())
    assert note
    cut, low = map(int, note.groups())
    expect(ppo.locator("circle.hollow")).to_have_count(cut + low)
    assert cut + low > 0
    page.keyboard.press("ArrowRight")
    expect(ppo).to_have_attribute("data-pass", "2")
    expect(ppo.locator("circle.hollow")).to_have_count(0)
    expect(ppo.locator(".note")).to_contain_text(f"{cut} cut at the high side, {low} at the low side")


def test_every_printed_equation_is_true_as_printed(standing: Page) -> None:
    page = standing
    go_to(page, page.get_by_test_id("lab"), 9)
    for learner in ("ppo", "grpo"):
        chips = page.locator(f'.learner[data-learner="{learner}"] .t')
        checked = 0
        for i in (0, 7, 14, -1):
            chips.nth(i).click()
            expect(chips.nth(i)).to_have_attribute("aria-pressed", "true")
            checked += sum(map(true_as_printed, page.locator(".card .line dd > span").all_inner_texts()))
        assert checked >= 12, learner


def test_pause_updates_stops_the_traffic(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run)
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("time")).to_have_text("updates paused")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    run.tick(2)
    timers_gone_off(page, 3000)  # three times as long as from one look to the next
    assert not asked
    shown_step(lab, 20)
    page.get_by_test_id("pause").click()
    shown_step(lab, 22)


def test_the_page_hears_when_the_run_ends(page: Page, server: Server, run: LiveRun) -> None:
    lab = open_lab(page, server, run)
    run.end("failed", "Its worker process was killed.")
    expect(page.locator('.bar[data-learner="ppo"] .state')).to_have_text("failed")
    expect(page.get_by_text("Its worker process was killed.").first).to_be_visible()
    shown_step(lab, 20)


def test_a_page_drawn_before_the_run_began_hears_that_it_did(page: Page, server: Server, run: LiveRun) -> None:
    """The lab's very first news may already be another status than the page was drawn with."""
    names = [learner.name for learner in run.config.learners]
    for name in names:
        lifecycle.mark(run.store, run.id, name, "queued", verbatim("It waits for a free place."))

    def begin(route: Route) -> None:
        expect(page.get_by_text("It waits for a free place.").first).to_be_visible()
        for name in names:
            lifecycle.mark(run.store, run.id, name, "running")
        route.continue_()

    page.route("**/live?**", begin, times=1)
    open_lab(page, server, run)
    expect(page.get_by_text("It waits for a free place.")).to_have_count(0)


@pytest.mark.parametrize(("path", "slow"), [("lab", "main.js"), ("same-answers", "lab.css")])
def test_a_rerun_while_the_first_drawing_still_loads_takes_nothing_away(
    page: Page, server: Server, run: LiveRun, path: str, slow: str
) -> None:
    """Streamlit clears up after a call that a later one overtook, once that is done: not what the later one drew."""
    held: list[Route] = []
    page.route(f"**/assets/live/**/{slow}", lambda route: held.append(route))
    with page.expect_request(f"**/assets/live/**/{slow}"):
        page.goto(f"{server.url}/{path}?run={run.id}")
    heading = page.get_by_role("heading", level=1)
    title = heading.inner_text()
    page.get_by_role("radio", name="繁體中文").click()
    expect(heading).not_to_have_text(title)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.route(f"**/assets/live/**/{slow}", lambda route: route.continue_())  # what is asked for from now on
    while held:
        held.pop(0).continue_()
    at_rest(page)  # what clears up has done so by then, if it does
    expect(page.locator(".lab").first).to_be_visible()
    if path == "lab":
        shown_step(page.get_by_test_id("lab"), 20)


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out_sideways(page: Page, server: Server, run: LiveRun, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    lab = open_lab(page, server, run)
    laid_out(page)
    wide = lab.evaluate("lab => lab.scrollWidth - lab.clientWidth")
    assert wide <= 1
    fits(page)
    columns = page.locator(".charts").first.evaluate("x => getComputedStyle(x).gridTemplateColumns.split(' ').length")
    assert columns == (2 if width == 400 else 3)


def block_routes(page: Page) -> None:
    page.route(re.compile(r"/(api/runs|assets/live)/"), lambda route: route.abort())


def test_without_the_addresses_everything_comes_through_streamlit(page: Page, server: Server, run: LiveRun) -> None:
    block_routes(page)
    lab = open_lab(page, server, run)
    shown_step(lab, 20)
    for step in (21, 22, 23):
        run.tick()
        shown_step(lab, step)
    page.get_by_test_id("timeline").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    shown_step(lab, 20)
    page.locator(".prompts button").nth(3).click()
    expect(lab).to_have_attribute("data-group", "3")
    run.end()
    expect(page.locator('.bar[data-learner="grpo"] .state')).to_have_text("finished")


def test_a_wrong_run_says_so(page: Page, server: Server, run: LiveRun) -> None:
    open_lab(page, server, run)
    run.store.delete(run.id)
    expect(page.locator(".lab > [role=status].note")).to_contain_text("no run")
    run.id = run.store.create(run.config)  # for the fixture to delete


def test_under_a_base_path(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("base"), base="class/lab", CREDIT_LAB_TRAINING="off") as server:
        run = LiveRun(server.store, RunConfig(steps=5))
        run.tick(2)
        lab = open_lab(page, server, run)
        shown_step(lab, 2)
        run.tick()
        shown_step(lab, 3)


def test_a_board_without_numbers_has_no_ticks_and_a_run_without_a_worker_no_device(page: Page, server: Server) -> None:
    run = LiveRun(server.store)
    try:
        mine = lifecycle.learners.c.run == run.id
        with server.store.write() as c:
            c.execute(lifecycle.learners.update().where(mine).values(device=None))
        page.goto(f"{server.url}/lab?run={run.id}&lang=en")
        expect(page.get_by_test_id("where")).to_have_text("made up for a test · seed 0")
        canvas = page.locator('.chart[data-key="reward"] canvas')
        expect(canvas).to_be_visible()
        painted = (
            """x => x.getContext("2d").getImageData(0, 0, x.width, x.height).data.some((y, i) => i % 4 === 3 && y)"""
        )
        frames(page)
        assert not canvas.evaluate(painted), "ticks of nothing"
        run.tick(2)
        shown_step(page.get_by_test_id("lab"), 2)
        assert comes_true(page, lambda: canvas.evaluate(painted))
    finally:
        run.store.delete(run.id)
