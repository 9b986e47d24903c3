"""A term explains itself on hover and on focus until Escape, and fits a phone; its link leads to the glossary."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lessons.i18n import use_language
from lessons.kit.glossary import explanation, terms
from tests.e2e.conftest import Phone, Server
from tests.e2e.rest import at_rest, box, boxes, laid_out, timers_gone_off

pytestmark = pytest.mark.browser
BOX = "#credit-lab-term"
STAY = 200  # milliseconds in which the pointer may come from the term to its box (loader/terms.mjs)
CRITIC = next(x for x in terms() if x.key == "critic")


def open_lesson(page: Page, server: Server, lang: str) -> None:
    page.goto(f"{server.url}/the-critic?lang={lang}")
    expect(page.locator('a[href$="#critic"]')).to_be_visible()
    at_rest(page)


def test_on_the_keyboard_and_under_the_pointer(page: Page, server: Server, axe: Callable[..., list[str]]) -> None:
    open_lesson(page, server, "en")
    term, shown = page.locator('a[href$="#critic"]'), page.locator(BOX)
    expect(shown).to_have_count(0)
    page.locator('a[href$="#baseline"]').focus()
    expect(shown).to_contain_text("What a reward is compared with")
    term.focus()
    page.keyboard.press("Tab")
    expect(term).not_to_be_focused()
    expect(term).to_have_attribute("title", explanation(CRITIC))
    page.keyboard.press("Shift+Tab")
    with use_language("en"):
        expect(shown).to_have_text(explanation(CRITIC))
    expect(term).to_have_attribute("aria-describedby", "credit-lab-term")
    expect(term).not_to_have_attribute("title", explanation(CRITIC))  # nobody is told twice
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(term).to_be_focused()
    expect(term).to_have_attribute("title", explanation(CRITIC))

    term.hover()
    expect(shown).to_be_visible()
    shown.hover()  # whoever reads may go there
    timers_gone_off(page, STAY)
    expect(shown).to_be_visible()
    page.locator("h1").hover()
    timers_gone_off(page, STAY)
    expect(shown).to_be_visible()  # the keyboard is still on the term
    page.locator("h1").click()
    expect(shown).to_be_hidden()


def test_it_stays_when_the_keyboard_brings_its_term_into_view(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1280, "height": 320})
    open_lesson(page, server, "en")
    term, shown = page.locator('a[href$="#learner"]'), page.locator(BOX)
    top = page.get_by_test_id("stMain").evaluate("x => x.scrollTop")
    term.focus()
    page.wait_for_function("top => document.querySelector('[data-testid=stMain]').scrollTop > top", arg=top)
    laid_out(page)
    expect(shown).to_be_visible()
    expect(shown).to_be_in_viewport()
    before, place = boxes(page.locator(f'a[href$="#learner"], {BOX}'))
    assert abs(place["y"] - before["y"]) < 120, "beside its term"


def test_it_goes_with_its_term_where_the_page_moves_and_goes_where_it_goes(page: Page, server: Server) -> None:
    open_lesson(page, server, "en")
    term, shown = page.locator('a[href$="#critic"]'), page.locator(BOX)
    term.focus()
    expect(shown).to_be_visible()
    laid_out(page)  # it has been scrolled to
    both = page.locator(f'a[href$="#critic"], {BOX}')
    before = boxes(both)
    # What stands above it grows, as a figure does that comes late.
    term.evaluate("x => { x.closest('p').style.paddingTop = '40px'; }")
    after = boxes(both)
    assert after[0]["y"] == pytest.approx(before[0]["y"] + 40)
    assert after[1]["y"] - after[0]["y"] == pytest.approx(before[1]["y"] - before[0]["y"])
    term.evaluate("x => { x.closest('p').style.display = 'none'; }")  # folded away
    expect(shown).to_be_hidden()


def test_its_link_leads_to_its_entry_in_the_pages_language(page: Page, server: Server) -> None:
    open_lesson(page, server, "zh-TW")
    with page.context.expect_page() as opened:
        page.locator('a[href$="#critic"]').click()
    glossary = opened.value
    entry = glossary.locator("#critic")
    expect(entry).to_be_in_viewport()
    expect(entry).to_contain_text("評論家")
    expect(glossary).to_have_url(re.compile("lang=zh-TW"))


def test_an_entry_is_in_view_though_the_page_below_it_comes_later(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.add_init_script("""addEventListener("DOMContentLoaded", () => {
        const short = Object.assign(document.createElement("style"), { id: "short" });
        short.textContent = "[data-testid=stMainBlockContainer] { max-height: 400px; overflow: clip; }";
        document.head.append(short);
    })""")
    page.goto(f"{server.url}/glossary#critic")
    entry = page.locator("#critic")
    at_rest(page)
    expect(entry).not_to_be_in_viewport()
    page.evaluate("document.getElementById('short').remove()")
    expect(entry).to_be_in_viewport()
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -100_000)  # its reader is elsewhere from now on
    expect(page.locator("h1")).to_be_in_viewport()
    page.locator("h1").evaluate("x => { x.style.paddingTop = '40px'; }")
    laid_out(page)
    expect(page.locator("h1")).to_be_in_viewport()


def test_it_fits_a_phone(server: Server, phone: Phone) -> None:
    with phone("dark") as page:
        open_lesson(page, server, "zh-TW")
        for key in ("baseline", "critic", "learner"):
            page.locator(f'a[href$="#{key}"]').focus()
            expect(page.locator(f'a[href$="#{key}"]')).to_have_attribute("aria-describedby", BOX[1:])
            place = box(page.locator(BOX))
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= 400
