"""What a projector shows of a page, screen by screen, and where the screen ends (loader/present.mjs, screens.mjs)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

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
    known: dict[str, Any] = {}
    for _ in range(12):  # it is made smaller step by step
        before = known
        page.wait_for_timeout(250)
        known = page.evaluate(SEEN)
        if known == before and known["shown"][0][1] <= known["end"]:
            break
    top, bottom = known["shown"][0]
    return {"top": top, "bottom": bottom, "end": known["end"]}


#: By how many pixels the page is higher than what is seen of it above the bar, 0 where all of it is seen; null while
#: something is still to be drawn.
OVER = """() => {
  let drawn = true;
  const walk = root => {
    for (const e of root.querySelectorAll('*')) {
      const isSeen = e.checkVisibility({visibilityProperty: true});
      if (e.matches('.lesson') && isSeen) drawn &&= e.dataset.drawn === 'true';
      if (e.matches('.lab:not(.lesson)') && isSeen) drawn &&= Boolean(e.dataset.shownStep);
      if (e.shadowRoot) walk(e.shadowRoot);
    }
  };
  walk(document);
  const main = document.querySelector('[data-testid=stMain]');
  return drawn ? Math.max(0, main.scrollHeight - main.clientHeight) : null;
}"""


def screens(page: Page) -> Iterator[tuple[str, int]]:
    """Turns a page that is presented from its first screen to its last: each one's place and excess height."""
    place, onward = page.locator(".place"), page.locator(".bar[role=toolbar] button").nth(1)
    while True:
        over, since = None, 0
        for _ in range(120):  # pictures are made smaller step by step
            page.wait_for_timeout(50)
            now = page.evaluate(OVER)
            since = since + 1 if now == over and now is not None else 0
            over = now
            if since == (3 if over == 0 else 24):
                break
        yield place.inner_text(), -1 if over is None else over
        if onward.is_disabled():
            return
        onward.click()
