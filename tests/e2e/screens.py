"""What a projector shows of a page's first part: its pictures, and where the screen ends (loader/present.mjs)."""

from __future__ import annotations

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
