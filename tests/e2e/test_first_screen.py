"""What is in the lab's first screen, without scrolling: controls, two curves, both learners' strips, the card."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from core.config import RunConfig
from core.learners.registry import learner
from core.presets import PRESETS
from tests.e2e.conftest import LiveRun, Phone, Server, Visit
from tests.e2e.rest import box, boxes, laid_out, watched

pytestmark = pytest.mark.browser
#: Of a laptop's screen and of a projector's.
SIZES = ((1280, 900), (1920, 1080))


def opened(page: Page, server: Server, query: str = "") -> Locator:
    """The lab, on the recorded run where the query names no other."""
    page.goto(f"{server.url}/lab?{query}")
    return drawn(page)


def drawn(page: Page) -> Locator:
    """The page's lab, once it stands still."""
    lab = page.get_by_test_id("lab")
    expect(lab).to_have_attribute("data-shown-step", re.compile(r"\d+"))
    expect(page.locator(".t.picked")).to_have_count(1)
    page.wait_for_function("document.fonts.status === 'loaded'")
    return lab


def bottom(part: Locator) -> float:
    place = box(part)
    return place["y"] + place["height"]


def resized(page: Page, width: int, height: int) -> None:
    """The window of this size, once the page is laid out for it."""
    page.set_viewport_size({"width": width, "height": height})
    laid_out(page)


@pytest.mark.parametrize(("lang", "sizes"), [("en", SIZES), ("zh-TW", SIZES[::-1])])
def test_tokens_curves_and_card_are_in_the_first_screen(
    page: Page, server: Server, lang: str, sizes: tuple[tuple[int, int], ...]
) -> None:
    """Opened at either size, and made as large as the other."""
    for width, height in sizes:
        resized(page, width, height)
        if page.url == "about:blank":
            opened(page, server, f"lang={lang}")
        check_first_screen(page, height)


def check_first_screen(page: Page, height: int) -> None:
    keys = ("start button", "pause button", "step button", "stop button", "settings summary")
    menus = ("export [data-testid=stPopoverButton]", "previous [data-testid=stPopoverButton]")
    controls = [boxes(page.locator(f".st-key-lab_{key}:visible"))[0] for key in (*keys, *menus, "tour .begin")]
    rows = {round(x["y"] + x["height"] / 2) for x in controls}
    assert max(rows) - min(rows) <= 3, "the controls are in one row"
    first = page.locator(".lead .chart")
    expect(first).to_have_count(2)
    for part in (first.nth(0), first.nth(1), page.get_by_test_id("timeline"), page.locator(".prompts")):
        assert bottom(part) < height / 2 + 60
    learners = page.locator(".learner")
    expect(learners).to_have_count(2)
    for own in learners.all():
        assert bottom(own) <= height
    assert bottom(page.locator('.card .line[data-line="true_value"]')) <= height
    assert max(x["y"] for x in boxes(page.locator(".chart"))[:2]) < height / 2
    for other in boxes(page.locator(".group .chart")):
        assert other["y"] > height, "all other charts stand below"


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_nothing_is_cut_off_covered_or_wrapped(page: Page, server: Server, lang: str) -> None:
    """At a first visit, with a setting changed: what is said of charts, the card's lines, and the row of controls."""
    page.set_viewport_size({"width": 1280, "height": 900})
    opened(page, server, f"lang={lang}&preset=long-sums&steps=8")
    offer = page.locator(".offer.bubble")
    expect(offer).to_be_visible()
    card = box(page.locator(".card"))
    assert boxes(offer)[0]["x"] + boxes(offer)[0]["width"] <= card["x"]
    controls = boxes(page.locator(".st-key-lab_controls :is(button, summary):visible:not(.bubble *)"))
    assert len(controls) >= 8
    assert max(x["y"] for x in controls) - min(x["y"] for x in controls) <= 3
    cut = "all => all.filter(x => !x.hidden && x.scrollHeight > x.clientHeight + 2).map(x => x.textContent)"
    keys = page.locator(".chart .keys:not([hidden])")
    assert keys.count() >= 3
    assert keys.evaluate_all(cut) == []


def test_of_four_learners_two_responses_each_are_in_the_first_screen(page: Page, server: Server) -> None:
    run = LiveRun(server.store, PRESETS["long-sums-critics"])
    run.tick(8)
    run.end()
    opened(page, server, f"lang=en&run={run.id}")
    learners = page.locator(".learner")
    for width, height in SIZES:
        resized(page, width, height)
        expect(learners).to_have_count(4)
        for own in learners.all():
            assert own.locator(".strip").count() <= 2
            assert bottom(own) <= height
    rows = page.locator(".learner .strip")
    few = rows.count()
    page.get_by_test_id("all").click()
    expect(page.get_by_test_id("all")).to_have_attribute("aria-pressed", "true")
    assert rows.count() > few
    page.get_by_test_id("all").click()
    expect(rows).to_have_count(few)


def test_the_time_that_is_left_takes_no_row_from_four_learners_strips(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    run = LiveRun(server.store, PRESETS["long-sums-critics"])
    run.tick(3)
    opened(page, server, f"lang=en&run={run.id}")
    long = "1 min 26 s of training · 24 s a step · 23 min 9 s left"
    page.get_by_test_id("time").evaluate("(x, long) => { x.textContent = long }", long)
    rows = {round(x["y"]) for x in boxes(page.locator(".bars .bar"))}
    run.end()
    assert len(rows) == 2


def test_long_names_take_no_row_from_four_learners_strips_and_run_out_of_no_phone(page: Page, server: Server) -> None:
    names = (
        "ppo-with-a-long-long-nam",
        "grpo-with-another-name-x",
        "vine-and-continuations-x",
        "ppo-the-second-with-zero",
    )
    learners = tuple(learner(name.partition("-")[0], name=name) for name in names)
    run = LiveRun(server.store, RunConfig(steps=20, learners=learners))
    run.tick(2)
    run.end()
    page.set_viewport_size({"width": 1280, "height": 900})
    opened(page, server, f"lang=en&run={run.id}")
    bars = page.locator(".bars .bar")
    assert len({round(x["y"]) for x in boxes(bars)}) == 2
    resized(page, 400, 900)
    for part in ("b", ".track", ".count", ".state"):
        assert all(x["x"] >= 0 and x["x"] + x["width"] <= 400 for x in boxes(bars.locator(part))), part
    assert bars.locator("b").first.get_attribute("title") == "PPO with a long long nam"


#: Window → how high the two charts are at least, and where the whole card and, in a wide window, the scatters are.
USED = {(1280, 900): (140, None), (1440, 900): (140, None), (1920, 1080): (210, 0.9), (2560, 1440): (330, 1.0)}


def test_a_larger_window_has_larger_charts_and_scatters_beside_the_card(page: Page, server: Server) -> None:
    """Opened small and made larger: charts grow with it, and what is beside the card is used."""
    tokens = []
    for (width, height), (least, scatter) in USED.items():
        resized(page, width, height)
        if page.url == "about:blank":
            opened(page, server, "lang=en")
        charts = boxes(page.locator(".lead .chart"))
        assert all(x["height"] >= least for x in charts), (width, height)
        assert bottom(page.locator('.card .line[data-line="true_value"]')) <= height
        (card,) = boxes(page.locator(".card"))
        assert card["x"] + card["width"] <= width
        for own in page.locator(".learner").all():
            assert bottom(own) <= height
        tokens.append(boxes(page.locator(".learner .t").first)[0]["height"])
        if scatter is not None:
            assert card["y"] + card["height"] <= height, "all of the card is in the first screen"
            first = boxes(page.locator(".scatter"))
            assert all(x["x"] + x["width"] < card["x"] and x["y"] < scatter * height for x in first)
    assert tokens == sorted(tokens)
    assert tokens[-1] > tokens[0]


@pytest.fixture(scope="module")
def recorded(visits: Callable[[str], Visit], server: Server) -> Page:
    """The lab on the recorded run, for one test after another."""
    page = visits(f"{server.url}/lab").page
    drawn(page)
    return page


def test_it_opens_where_groups_are_mixed_gradients_cut_and_equal_responses_folded(recorded: Page) -> None:
    page, lab = recorded, recorded.get_by_test_id("lab")
    assert int(lab.get_attribute("data-step") or 0) < 60
    expect(lab).to_have_attribute("data-follow", "false")
    for own in ("ppo", "grpo"):
        learner = page.locator(f'.learner[data-learner="{own}"]')
        assert learner.locator(".verdict.good").count() > 0
        assert learner.locator(".verdict:not(.good)").count() > 0
    assert page.locator(".t.high, .t.low").count() > 0
    expect(page.locator(".card .note")).to_have_text("The slip: no right response goes on so; lowest δ.")
    chips = page.locator('.learner[data-learner="ppo"] .strip').first.locator(".t")
    assert len({round(x["y"]) for x in boxes(chips)}) <= 2, "two lines beside the card"
    for strip in page.locator(".learner .strip").all():
        before, last = boxes(strip.locator(".t"))[-2:]
        assert abs(last["y"] - before["y"]) < 10, "eos is not alone on its line"
    rows = page.locator('.learner[data-learner="ppo"] .strip')
    folded = rows.count()
    fold = page.locator('.learner[data-learner="ppo"] .alike').first
    number = int((fold.inner_text()).removeprefix("×"))
    fold.press("Enter")
    expect(rows).to_have_count(folded + number - 1)
    again = page.locator('.learner[data-learner="ppo"] .alike').first
    expect(again).to_be_focused()
    expect(again).to_have_attribute("aria-expanded", "true")
    again.press("Enter")
    expect(rows).to_have_count(folded)


def test_the_second_chart_is_chosen_and_a_link_keeps_it(recorded: Page) -> None:
    page = recorded
    menu = page.get_by_test_id("chart-right")
    menu.select_option("entropy")
    expect(page.locator('.lead .chart[data-key="entropy"] canvas')).to_be_visible()
    expect(page.locator(".chart[data-key=entropy]")).to_have_count(1)
    assert "right=entropy" in page.url
    page.reload()
    expect(page.locator('.lead .chart[data-key="entropy"] canvas')).to_be_visible()
    expect(page.get_by_test_id("chart-right")).to_have_value("entropy")


def test_a_run_that_goes_on_is_followed(page: Page, server: Server) -> None:
    run = LiveRun(server.store)
    run.tick(4)
    lab = opened(page, server, f"run={run.id}")
    expect(lab).to_have_attribute("data-shown-step", "4")
    run.tick()
    expect(lab).to_have_attribute("data-shown-step", "5")
    run.end()
    expect(page.locator('.bar[data-learner="grpo"] .state')).to_have_text("finished")
    expect(lab).to_have_attribute("data-shown-step", "5")
    expect(lab).to_have_attribute("data-follow", "true")
    run.store.delete(run.id)


def test_on_a_phone_nothing_scrolls_sideways(server: Server, phone: Phone) -> None:
    with phone("light") as page:
        opened(page, server)
        assert page.get_by_test_id("stMain").evaluate("x => x.scrollWidth - x.clientWidth") <= 1


def test_the_update_passes_are_played_and_dots_drift_and_turn_hollow(page: Page, server: Server) -> None:
    """Without a call to the server, and told to who cannot see it."""
    lab = opened(page, server, "pass=0")
    ppo, player = page.locator('.scatter[data-scatter="ppo"]'), page.locator(".player")
    expect(ppo).to_have_attribute("data-pass", "0")
    expect(ppo.locator("circle.hollow")).to_have_count(0)
    places = "x => [...x.querySelectorAll('circle:not(.ring)')].map(y => new DOMMatrix(y.style.transform).e)"
    before = ppo.evaluate(places)
    assert max(before) - min(before) < 1, "every ratio is 1"
    asked: list[str] = []
    page.on("request", lambda request: None if "/live?" in request.url else asked.append(request.url))
    with (
        watched(player, "x => [x.dataset.playing, x.dataset.pass, x.querySelector('.says').textContent]") as spoken,
        watched(player, "x => Number(x.querySelector('[data-testid=passes-scrub]').value)") as moments,
        watched(ppo, "x => [x.dataset.pass, x.querySelectorAll('circle.hollow').length > 0]") as hollow,
    ):
        page.get_by_test_id("passes-play").press("Enter")
        hollow.wait_for(["0", False], ["1", True], ["2", False])
    assert any(0.2 < x < 0.98 for x in moments.all()), "it drifts"
    meanwhile = next(text for playing, at, text in spoken.all() if (playing, at) == ("true", "1"))
    assert re.search(r"1 of 2: PPO \d+ cut, GRPO \d+ cut", meanwhile)
    expect(player).to_have_attribute("data-playing", "false")
    expect(player).to_have_attribute("data-pass", "2")
    expect(page.get_by_test_id("passes-says")).to_contain_text("takes no gradient")
    expect(ppo).to_have_attribute("data-pass", "2")
    after = ppo.evaluate(places)
    assert max(after) - min(after) > 20, "they have drifted"
    expect(ppo.locator("circle.hollow")).to_have_count(0)
    assert not asked, "nothing was asked of the server"
    assert ppo.locator(".tick").count() >= 4
    expect(lab).to_have_attribute("data-shown-step", re.compile(r"\d+"))


def test_who_wants_no_motion_sees_a_pass_at_a_time(page: Page, server: Server) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(page, server, "pass=0")
    places = (
        "x => [...x.querySelectorAll('circle:not(.ring)')].map(y => Math.round(new DOMMatrix(y.style.transform).e))"
    )
    ppo, player = page.locator('.scatter[data-scatter="ppo"]'), page.locator(".player")
    player.get_by_role("slider").press("ArrowRight")
    expect(ppo).to_have_attribute("data-pass", "1")
    first = ppo.evaluate(places)
    player.get_by_role("slider").press("Home")
    expect(ppo).to_have_attribute("data-pass", "0")
    start = ppo.evaluate(places)
    page.evaluate("window.seen = new Set()")
    ppo.evaluate(
        """x => new MutationObserver(() => window.seen.add(
          JSON.stringify([...x.querySelectorAll('circle:not(.ring)')].map(
            y => Math.round(new DOMMatrix(y.style.transform).e))))).observe(x, {subtree: true, attributes: true})"""
    )
    page.get_by_test_id("passes-play").click()
    page.wait_for_function(  # paused before the next
        "([x, play]) => x.dataset.pass === '1' && (play.click(), true)",
        arg=[player.element_handle(), page.get_by_test_id("passes-play").element_handle()],
    )
    expect(player).to_have_attribute("data-playing", "false")
    seen = [json.loads(x) for x in page.evaluate("[...window.seen]")]
    assert first in seen
    assert all(x in (start, first) for x in seen), "points stood between two passes"
