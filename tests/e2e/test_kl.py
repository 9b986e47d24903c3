"""A learner's walk through the lesson on KL, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import LiveRun, PhoneCheck, Server, Visit, link
from tests.e2e.rest import at_rest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(server: Server) -> LiveRun:
    return LiveRun.finished(server.store, 3)


def open_lesson(page: Page, server: Server, run: LiveRun, **query: str) -> None:
    page.goto(link(server, "kl", run.id, **query))
    drawn(page)


@pytest.fixture(scope="module")
def visit(visits: Callable[[str], Visit], server: Server, run: LiveRun) -> Visit:
    return visits(link(server, "kl", run.id))


def drawn(page: Page) -> None:
    """Waits for the pictures and for the lesson's end."""
    for key in ("kl_picture", "rck_kl_strip"):
        expect(page.locator(f".st-key-{key} [data-drawn=true]")).to_be_visible()
    expect(page.locator(".st-key-kl_quiz_score")).to_be_visible()


def test_tokens_come_in_without_the_server(visit: Visit) -> None:
    page, calls = visit.page, visit.asked
    drawn(page)
    picture = page.locator(".st-key-kl_picture")
    at_rest(page)
    before = len(calls)
    scrub = picture.get_by_test_id("kl-scrub")
    expect(picture.locator(".trail.exact")).to_have_attribute("d", re.compile("^M"))  # at rest it stands complete
    scrub.press("Home")
    expect(picture.locator(".says")).to_contain_text("wait")
    scrub.press("ArrowRight")
    expect(picture.locator(".newest-says")).to_contain_text(re.compile("“.+” at position \\d+ of"))
    picture.get_by_test_id("kl-play").click()
    every = scrub.get_attribute("max") or ""
    expect(picture.locator(".kl-picture")).to_have_attribute("data-count", every)
    expect(picture.locator(".says")).to_contain_text(f"Tokens that have come in: {every} of {every}.")
    assert len(calls) == before, "nobody was asked for anything"


def test_the_prediction_comes_before_what_it_is_about_and_the_check_says_why(visit: Visit) -> None:
    page = visit.page
    drawn(page)
    expect(page.locator(".st-key-rck_spreads")).to_have_count(0)
    page.locator(".st-key-rck_kl_try0 label").filter(has_text="k2").last.click()
    page.locator(".st-key-rck_kl_commit button").click()
    expect(page.locator(".st-key-rck_kl_predict")).to_contain_text(re.compile("[Ww]hat happened"))
    expect(page.locator(".st-key-rck_spreads")).to_contain_text("bias against exact")
    box = page.locator(".st-key-kl_quiz_2_box")
    box.locator("label").filter(has_text=re.compile("^k3$")).click()
    expect(box).to_contain_text("the other way round")
    box.locator("label").filter(has_text=re.compile("^k2$")).click()
    expect(box).to_contain_text("Right.")
    expect(page.locator(".st-key-kl_quiz_score")).to_contain_text("1 of 3")


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    server: Server, run: LiveRun, fits_and_is_accessible: PhoneCheck, lang: str
) -> None:
    fits_and_is_accessible(lang, lambda page: open_lesson(page, server, run, lang=lang))
