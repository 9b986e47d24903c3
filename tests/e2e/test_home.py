"""Home plays in the browser: tokens and credits come one by one, without the server, and stand still where wanted."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Phone, Server
from tests.e2e.rest import at_rest, box, watched

pytestmark = pytest.mark.browser
ALL = re.compile(r"^[1-9]\d+$")
#: Of the page's body, whether its picture plays.
PLAYING = """x => [...x.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
  .map(y => y.shadowRoot?.querySelector('.credits')?.dataset.playing).find(y => y !== undefined) ?? null"""


def test_it_plays_by_itself_can_be_paused_and_asks_the_server_for_nothing(
    page: Page, server: Server, axe: Callable[..., list[str]]
) -> None:
    frames: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    held: list[Route] = []
    page.route("**/lesson_credits.js", lambda route: held.append(route))
    with page.expect_request("**/lesson_credits.js"):
        page.goto(f"{server.url}/?lang=en", wait_until="commit")
    picture = page.locator(".credits")
    with watched(page.locator("body"), PLAYING) as playing:  # it may be over before this process looks
        page.route("**/lesson_credits.js", lambda route: route.continue_())
        for route in held:
            route.continue_()
        playing.wait_for("true", "false")  # once, not for ever
    at_rest(page)
    sent = len(frames)
    expect(picture).to_have_attribute("data-playing", "false")
    count = picture.locator(".tk").count()
    assert count > 10
    expect(picture.locator(".tk.there")).to_have_count(count)
    play, scrub = picture.get_by_test_id("credits-play"), picture.get_by_test_id("credits-scrub")
    expect(play).to_have_accessible_name("Play again")
    with watched(play, "x => x.ariaLabel") as names:
        play.click()
        names.wait_for("Pause")
    play.click()
    expect(picture).to_have_attribute("data-playing", "false")
    scrub.focus()
    page.keyboard.press("Home")
    for _token in range(3):
        page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("data-shown", "3")
    expect(scrub).to_have_attribute("aria-valuetext", re.compile(r"token 3 of \d+: PPO [−+]\d.*, GRPO [−+]\d"))
    assert len(frames) == sent, "what plays needs no server"

    page.keyboard.press("End")
    halves = picture.locator(".credit-line").evaluate_all("""lines => lines.map(line => {
      const all = [...line.querySelectorAll(".bar-cell i")].map(x => getComputedStyle(x).backgroundColor);
      return [all.slice(0, all.length / 2), all.slice(all.length / 2)];
    })""")
    assert len({x for ppo, _grpo in halves for x in ppo}) > 5
    assert len({x for _ppo, grpo in halves for x in grpo}) == 1
    assert axe(page) == []


def test_less_motion_shows_all_at_once(page: Page, server: Server) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server.url}/?lang=en")
    picture = page.locator(".credits")
    expect(picture).to_have_attribute("data-shown", ALL)
    expect(picture).to_have_attribute("data-playing", "false")
    expect(picture.get_by_test_id("credits-play")).to_be_hidden()


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_a_phone_shows_every_token_of_it(server: Server, phone: Phone, lang: str) -> None:
    with phone("dark") as page:
        page.goto(f"{server.url}/?lang={lang}")
        picture = page.locator(".credits")
        expect(picture).to_have_attribute("data-shown", ALL)
        box(picture)  # it stands still
        right, edge = picture.evaluate(
            "x => [...x.querySelectorAll('.tk'), x].map(y => y.getBoundingClientRect().right)"
            ".reduce(([most, before], y) => [Math.max(most, before), y], [0, 0])"
        )
        assert 0 < right <= edge + 0.5


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_a_small_screen_shows_the_picture_both_doors_and_where_the_course_begins(
    page: Page, server: Server, lang: str
) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/?lang={lang}")
    expect(page.locator(".credits")).to_have_attribute("data-shown", ALL)
    at_rest(page)
    bottom = "x => x.getBoundingClientRect().bottom"
    expect(page.locator(".credit-line")).to_have_count(1)
    cut = ".tk, .row-name"
    assert page.locator(cut).evaluate_all("x => x.filter(y => y.scrollWidth > y.clientWidth + 1)") == []
    for part in (".credits", ".st-key-home_doors", "h2"):
        assert page.locator(part).first.evaluate(bottom) <= 720, part


def test_two_doors_and_the_pipeline_below(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/?lang=en")
    fold = page.locator(".st-key-home_pipeline_fold summary")
    expect(fold).to_be_visible()
    expect(page.locator(".pipeline")).to_have_count(0)
    fold.click()
    expect(page.locator(".pipeline")).to_be_visible()
    page.get_by_role("button", name="Watch it train").click()
    expect(page.locator("h1")).to_have_text("Lab")
    page.go_back()
    page.get_by_role("button", name="Take the course: The loop").click()
    expect(page.locator("h1")).to_have_text("The loop")
