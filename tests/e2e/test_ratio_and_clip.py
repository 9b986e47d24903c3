"""A learner's walk through the lesson on ratio, clip and KL, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LiveRun, PhoneCheck, Server, Visit, link
from tests.e2e.rest import at_rest, box, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 3)


def open_lesson(page: Page, server: Server, run: LiveRun, **query: str) -> None:
    page.goto(link(server, "ratio-and-clip", run.id, **{"step": "3", **query}))
    drawn(page)


@pytest.fixture(scope="module")
def visit(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Visit:
    return visits(link(server, "ratio-and-clip", run.id, step="3"))


def drawn(page: Page) -> None:
    """Waits for the picture and for the lesson's end."""
    expect(page.locator(".st-key-ratio_picture [data-drawn=true]")).to_be_visible()
    expect(page.locator(".st-key-ratio_quiz_score")).to_be_visible()


def commit(page: Page) -> None:
    """Predicts what half the range cuts: then limits can be set."""
    expect(page.locator(".st-key-ratio_limits")).to_have_count(0)
    page.locator(".st-key-rck_halved_try0 label").filter(has_text="More than twice as many").last.click()
    page.locator(".st-key-rck_halved_commit button").click()
    expect(page.locator(".st-key-rck_halved_predict")).to_contain_text(re.compile("[Ww]hat happened"))
    expect(page.locator(".st-key-ratio_limits [data-drawn=true]")).to_be_visible()


def test_tokens_drift_and_one_is_dragged_without_the_server(visit: Visit) -> None:
    page, calls = visit.page, visit.asked
    drawn(page)
    commit(page)
    picture = page.locator(".st-key-ratio_picture")
    board, fate = picture.locator(".clip-picture"), picture.get_by_test_id("clip-said")
    at_rest(page)
    before = len(calls)
    expect(picture.locator(".says")).to_contain_text("have a ratio of exactly 1")
    picture.get_by_test_id("clip-play").click()
    expect(board).to_have_attribute("data-at", "2.00")
    expect(picture.locator(".says")).to_contain_text("After pass 2 of 2, the last")
    scrub = picture.get_by_test_id("clip-scrub")
    scrub.press("ArrowLeft")
    expect(picture.locator(".says")).to_contain_text("After pass 1 of 2")
    cut = re.search(r"(\d+) are cut", picture.locator(".says").inner_text())
    assert cut is not None
    expect(picture.locator(".points .hollow")).to_have_count(int(cut[1]))

    good = picture.locator(".panel[data-sign=positive]")
    handle = good.get_by_role("slider")
    drawing = good.locator("svg")
    drawing.scroll_into_view_if_needed()
    place = box(drawing)
    page.mouse.move(place["x"] + 0.95 * place["width"], place["y"] + 0.9 * place["height"])
    page.mouse.down()
    page.mouse.move(place["x"] + 0.9 * place["width"], place["y"] + 0.8 * place["height"], steps=3)
    page.mouse.up()
    expect(good).to_have_attribute("data-cut", "true")
    expect(fate).to_contain_text("Gradient 0, cut at the high side")
    handle.press("Home")
    expect(handle).to_have_attribute("aria-valuenow", "0.00")
    expect(fate).to_contain_text("Outside the range, but not cut")
    expect(fate).to_contain_text(re.compile("“.+” at position \\d+ of .+ dragged to ρ = 0.00|made-up"))

    limits = page.locator(".st-key-ratio_limits")
    counts = limits.get_by_test_id("clip-counts")
    trained = counts.inner_text()
    limits.get_by_test_id("clip-low").press("Home")
    expect(limits.locator(".settings")).to_contain_text("ε = 0.02")
    expect(counts).not_to_have_text(trained)
    at_rest(page)
    assert len(calls) == before, "nobody was asked for anything"


def test_whoever_prefers_less_motion_gets_whole_passes(page: Page, server: Server, run: LiveRun) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_lesson(page, server, run)
    board = page.locator(".st-key-ratio_picture .clip-picture")
    with watched(board, "x => x.dataset.at") as places:
        board.get_by_test_id("clip-play").click()
        places.wait_for("0.00", "1.00")
        assert all(float(x).is_integer() for x in places.all())


def test_a_link_to_the_former_lesson_leads_here(page: Page, server: Server, run: LiveRun) -> None:
    page.goto(link(server, "ratio-clip-kl", run.id, step="3", sub="passes.2"))
    expect(page).to_have_url(re.compile(rf"/ratio-and-clip\?.*run={run.id}.*sub=passes\.2"))
    expect(page.locator(".st-key-ratio_picture .says")).to_contain_text("After pass 2 of 2")


def test_the_check_says_why(visit: Visit) -> None:
    page = visit.page
    drawn(page)
    box = page.locator(".st-key-ratio_quiz_1_box")
    box.locator("label").filter(has_text="pushed further down").click()
    expect(box).to_contain_text("or does nothing")
    box.locator("label").filter(has_text="pulled back up").click()
    expect(box).to_contain_text("Right.")
    expect(page.locator(".st-key-ratio_quiz_score")).to_contain_text("1 of 3")


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    server: Server, run: LiveRun, fits_and_is_accessible: PhoneCheck, lang: str
) -> None:
    fits_and_is_accessible(lang, lambda page: open_lesson(page, server, run, lang=lang))
