"""Every page in both languages, 400 pixels wide: nothing scrolls sideways, no Chinese is slanted, no formula raw, no
term is explained where one goes on to another page. On a desk no line of text is too long to read. And every lesson,
1280 wide: at most three screens of text, and the question stands with a picture; on a projector that
1280 wide: at most three screens of text, and the question stands with a picture; in English, on a projector, that
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lessons.board.rooms import ROOMS
from lessons.catalog import LESSONS, lesson
from tests.e2e.conftest import Server
from tests.e2e.cut import cut_labels
from tests.e2e.length import MOST, SCREEN, measured, too_long, uneven
from tests.e2e.rest import at_rest, laid_out
from tests.e2e.screens import PROJECTORS, first_picture, is_bare, screens
from tests.e2e.windows import Windows

pytestmark = pytest.mark.browser
PHONE = {"width": 400, "height": 900}
STILL = '[data-testid="stApp"][data-test-script-state="notRunning"]'

#: Every text of the page, also inside components: [text, font style, whether it is code].
TEXTS = """() => {
  const all = [];
  const walk = root => {
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) walk(e.shadowRoot);
      if (["STYLE", "SCRIPT"].includes(e.tagName)) continue;
      for (const n of e.childNodes) {
        if (n.nodeType !== 3 || !n.textContent.trim()) continue;
        all.push([n.textContent, getComputedStyle(e).fontStyle, !!e.closest("code, pre, annotation, textarea")]);
      }
    }
  };
  walk(document.querySelector('[data-testid="stMain"]'));
  return all;
}"""


#: Key (its module first) and height of the page's first picture, and whether what was reserved for it is given back;
#: null without any.
ROOM = """() => {
  const all = [...document.querySelectorAll('[class*=st-key-room_]')].filter(x => x.checkVisibility());
  if (!all.length) return null;
  const key = all[0].className.match(/st-key-room_([A-Za-z0-9_]+)/)[1];
  return [key, all[0].getBoundingClientRect().height, all[0].style.minHeight === '0px'];
}"""


#: Terms that the glossary explains within what leads on, is pressed or heads a part: their texts.
MISPLACED = """() => {
  const found = [], ways = 'a, button, summary, nav, label, h1, h2, h3, h4, [role=tab], .st-key-lesson_about, '
    + '.st-key-lesson_onward, [data-testid=stPageLink]';
  const walk = root => {
    for (const e of root.querySelectorAll('a[href*="glossary?"][href*="#"]')) {
      const way = e.parentElement?.closest(ways);
      if (way) found.push(`${e.textContent} in ${way.textContent.slice(0, 60)}`);
    }
    for (const e of root.querySelectorAll('*')) if (e.shadowRoot) walk(e.shadowRoot);
  };
  walk(document);
  return found;
}"""


def misfit(page: Page, width: int) -> object:
    """What was reserved for the page's first picture and what it takes, where that is not about as much; else None.

    More than a screen is as good.
    """
    at_rest(page)
    laid_out(page)  # drawings take the width that they are given
    now = page.evaluate(ROOM)
    if now is None:
        return None
    key, height, is_free = now
    module = max((x for x in ROOMS if key.startswith(f"{x}_")), key=len)
    reserved = ROOMS[module][width]
    fits = is_free and reserved <= 1.2 * height and (height <= 1.25 * reserved or reserved > 700)
    return None if fits else (module, reserved, height, is_free)


@pytest.fixture(scope="module")
def visitor(windows: Windows) -> Iterator[Page]:
    with windows.lent(width=400) as page:
        yield page


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize("key", [x.key for x in LESSONS])
def test_a_phone_shows_the_whole_page_and_its_type_is_right(visitor: Page, server: Server, key: str, lang: str) -> None:
    page = visitor
    page.goto(f"{server.url}/{key if key != 'home' else ''}?lang={lang}")
    page.wait_for_selector(STILL)
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", lang)
    if key == "lab":
        expect(page.get_by_test_id("lab")).to_have_attribute("data-shown-step", re.compile(r"\d+"))
    main = page.get_by_test_id("stMain")
    assert misfit(page, 0) is None
    expect(page.locator(".lesson:not([data-drawn=true])")).to_have_count(0)
    assert main.evaluate("x => [x.scrollWidth, x.clientWidth]") == [400, 400]
    assert cut_labels(page) == []

    texts: list[tuple[str, str, bool]] = page.evaluate(TEXTS)
    assert len(texts) > 10
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [text for text, style, _ in texts if style != "normal" and chinese.search(text)] == []
    assert page.evaluate(MISPLACED) == []
    raw = re.compile(r"[\u0370-\u03ff]_\w|\b\w\^[\w({]")
    assert [text for text, _, is_code in texts if not is_code and raw.search(text)] == []

    try:  # the same page on a desk, without another load
        for size in (PROJECTORS[-1], SCREEN) if lang == "en" else (SCREEN,):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            laid_out(page)
            assert too_long(page, lang) == []
            assert uneven(page) == []
            assert cut_labels(page) == [], "on a desk"
        if lesson(key).check:
            known = measured(page)
            assert misfit(page, 1) is None
            assert known["text"] <= MOST * SCREEN["height"], known
            assert known["question"], "present mode shows the question with the first picture"
    finally:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    # English is what has the longer lines, and fewer of them fit; both: python -m tests.load.present
    if lang == "en" and (lesson(key).check or key in ("home", "lab")):
        page.evaluate("sessionStorage.clear()")  # where one was in it, in the other language
        page.locator(".st-key-present_on button").first.evaluate(
            "x => x.click()"
        )  # in the sidebar, folded where it is narrow
        try:
            for size in reversed(PROJECTORS):  # the smaller one is the harder
                page.set_viewport_size(size)  # type: ignore[arg-type]
                seen = first_picture(page)
                assert seen["top"] >= 0
                assert seen["bottom"] <= seen["end"], f"a projector of {size} shows the first picture and its controls"
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            shown = [(x, cut_labels(page), is_bare(page)) for x in screens(page)]
            assert [x for x, *_ in shown if x[1]] == [], "every screen is seen whole"
            assert [x for _, cut, _ in shown for x in cut] == []
            assert [x for x, _, bare in shown if bare] == [], "nobody turns to an empty screen"
        finally:
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
