"""What a projector shows of a page, screen by screen, and where the screen ends (loader/present.mjs, screens.mjs)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.rest import FRAMES, at_rest, remembered

#: As wide and as high as projectors are, in pixels.
PROJECTORS = ({"width": 1280, "height": 720}, {"width": 1920, "height": 1080})

#: Of each picture on show where what has to be seen at once of it begins and ends, its controls included; the lab's are
#: its two charts. `end`: where the bar with which one turns begins.
SEEN = """() => {
  const shown = [], isSeen = x => x.checkVisibility({visibilityProperty: true}) && x.getBoundingClientRect().height > 5;
  let end = 0, drawn = true;
  const walk = root => {
    for (const e of root.querySelectorAll('*')) {
      if (e.matches('.bar[role=toolbar]')) end = e.getBoundingClientRect().top;
      if (e.matches('.lesson, .lead') && isSeen(e)) {
        if (e.matches('.lesson')) drawn &&= e.dataset.drawn === 'true';
        const marked = [...e.querySelectorAll('[data-fit]')];
        const parts = [...(marked.length ? marked : [e]), ...e.querySelectorAll('.walk')].filter(isSeen);
        if (!e.matches('[data-testid=lesson_tour]')) shown.push([
          e.getBoundingClientRect().top, Math.max(...parts.map(x => x.getBoundingClientRect().bottom))]);
      }
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document);
  return {end, drawn, shown};
}"""


def first_picture(page: Page) -> dict[str, Any]:
    """Where the first picture begins and ends on the screen, once it has laid itself out: `top`, `bottom`, `end`."""
    page.wait_for_function(f"() => {{ const {{end, drawn, shown}} = ({SEEN})(); return end && drawn && shown.length }}")
    at_rest(page)
    settled(page)  # it is made smaller step by step
    known: dict[str, Any] = page.evaluate(SEEN)
    top, bottom = known["shown"][0]
    return {"top": top, "bottom": bottom, "end": known["end"]}


#: A question of a check (lessons/kit/lesson/quiz.py).
QUESTION = "[class*=st-key-][class*=quiz_][class*=_box]"
#: By how many pixels the page is higher than what is seen of it above the bar, 0 where all of it is seen; null while
#: something is still to be drawn. Asked at every frame: only drawings are asked whether they are seen.
OVER = """() => {
  let drawn = true;
  const walk = root => {
    for (const e of root.querySelectorAll('*')) {
      if (e.matches('.lesson, .lab') && e.checkVisibility({visibilityProperty: true})) {
        drawn &&= e.matches('.lesson') ? e.dataset.drawn === 'true' : Boolean(e.dataset.shownStep);
      }
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document);
  const main = document.querySelector('[data-testid=stMain]');
  return drawn ? Math.max(0, main.scrollHeight - main.clientHeight) : null;
}"""


#: Whether a screen has nothing to look at or to press: less text than a sentence of two lines, without headings and
#: closed folds.
BARE = """() => {
  let letters = 0, holds = false;
  const isSeen = x => x.checkVisibility({visibilityProperty: true});
  const things =
    'button, input, select, canvas, svg.main-svg, table, .lesson, [class*=_summary], [data-testid=stPageLink]';
  const walk = root => {
    for (const e of root.querySelectorAll('*')) {
      if (e.closest('.bar[role=toolbar], h1, h2, details:not([open])')) continue;
      if (!isSeen(e) || ['STYLE', 'SCRIPT'].includes(e.tagName)) continue;
      holds ||= e.matches(things);
      for (const n of e.childNodes) if (n.nodeType === 3) letters += n.textContent.trim().length;
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document.querySelector('[data-testid=stMain]'));
  return !holds && letters < 120;
}"""


def is_bare(page: Page) -> bool:
    """Whether nobody should have turned to the screen on show."""
    return bool(page.evaluate(BARE))


#: Whether that is what it stays: for `frames` where all is seen, else for `further`, as pictures are made smaller step
#: by step, each in two frames; `x` remembers.
STAYS = f"""x => {{
  const over = ({OVER})();
  x.same = over !== null && over === x.over ? x.same + 1 : 0;
  x.over = over;
  return x.same >= (over === 0 ? x.frames : x.further);
}}"""
FURTHER = 72


def settled(page: Page) -> int:
    """By how many pixels the screen on show is too high, once pictures are as small as they get.

    Raises TimeoutError where it never is drawn, or never stands still.
    """
    known = remembered(page, {"over": None, "same": 0, "frames": FRAMES, "further": FURTHER})
    page.wait_for_function(STAYS, arg=known)
    return int(known.evaluate("x => x.over"))


def screens(page: Page, act: bool = False) -> Iterator[tuple[str, int]]:
    """Turns a page that is presented from its first screen to its last: each one's place and excess height.

    `act`: on each screen, predictions are made, questions answered and folds opened; after each of them, the place at
    which one then is, what was done and the excess height there, -1 where what was done is not in sight any more.
    """
    place, onward = page.locator(".place"), page.locator(".bar[role=toolbar] button").nth(1)
    answered: set[str] = set()
    while True:
        over = settled(page)
        yield place.inner_text(), over
        for what, is_seen in _acts(page, answered) if act else ():
            over = settled(page)
            yield f"{place.inner_text()}, {what}", over if is_seen() else -1
        if onward.is_disabled():
            return
        onward.click()


def _acts(page: Page, answered: set[str]) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Does all that can be done on the screen on show, one thing after another: what, and whether it is still seen.

    `answered`: questions that are; to each all answers are given, as each has another reason.
    """
    committed = "[class*=st-key-][class*=_predict]"
    while (button := page.locator(f"{committed}:visible [class*=_commit] button:visible")).count():
        box = page.locator(f".{_key(button.first, '_predict')}")
        choices = box.locator("[role=radiogroup] label:visible")
        if choices.count():
            choices.last.click()
        expect(box.locator("[class*=_commit] button")).to_be_enabled()
        box.locator("[class*=_commit] button").click()
        expect(box.locator("[class*=_commit] button")).to_have_count(0)
        at_rest(page)
        yield "a prediction is made", box.locator("[data-testid=stAlert]").first.is_visible
    for key in [_key(x, "_box") for x in page.locator(f"{QUESTION}:visible").all()]:
        box = page.locator(f".{key}")
        choices = box.locator("[role=radiogroup] label")
        if key in answered or not box.is_visible():  # what grew above it may have sent it on to the next screen
            continue
        answered.add(key)
        for choice in range(choices.count()):
            if choices.nth(choice).is_visible():
                choices.nth(choice).click()
                box.locator("[data-testid=stAlert]").wait_for(state="attached")
                at_rest(page)
            yield f"choice {choice + 1} of {key}", box.locator("[data-testid=stAlert]").is_visible
    while (fold := page.locator("details:not([open]) > summary:visible").first).count():
        name, opened = fold.inner_text(), fold.locator("..").element_handle()
        fold.click()
        page.wait_for_function("x => x.open", arg=opened)
        at_rest(page)
        yield f"“{name}” is opened", opened.is_visible


def _key(inner: Locator, ending: str) -> str:
    """The class that a key of Streamlit's gives the innermost box around an element whose key ends so."""
    script = """(x, ending) => [...x.closest(`[class*=st-key-][class*=${ending}]`).classList]
      .find(y => y.startsWith('st-key-'))"""
    return str(inner.evaluate(script, ending))
