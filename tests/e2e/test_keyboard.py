"""With the keyboard alone: what it is on shows, and nothing holds it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.rest import at_rest

pytestmark = pytest.mark.browser

#: More stops than any page has.
MOST = 400
#: What the keyboard is on, inside whatever components: its words, and whether anything frames it; null: the page's end.
STOP = """() => {
  let x = document.activeElement;
  while (x?.shadowRoot?.activeElement) x = x.shadowRoot.activeElement;
  if (!x || x === document.body) return null;
  const look = getComputedStyle(x), own = x.className?.baseVal ?? x.className;
  const words = (x.ariaLabel || x.textContent || x.value || '').trim().slice(0, 40);
  // Of a choice, Streamlit frames what is around its input, in the primary colour.
  const around = x.matches('input') && getComputedStyle(x.parentElement).borderTopColor === 'rgb(26, 95, 180)';
  const outline = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 1;
  return {name: `${x.tagName.toLowerCase()}.${own} ${words}`, framed: outline || around || look.boxShadow !== 'none' ||
    (x.matches('.dot') && parseFloat(look.strokeWidth) > 2)};
}"""


def stops(page: Page) -> list[dict[str, Any]]:
    """Where Tab leads from the top of the page to its end."""
    seen = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            return seen
        seen.append(stop)
    pytest.fail(f"Tab does not come to an end: {[x['name'] for x in seen[-5:]]}")


@pytest.mark.parametrize("key", ["", "lab", "how-grpo-works"])
def test_tab_leads_through_a_page_and_what_it_is_on_shows(page: Page, server: Server, key: str) -> None:
    """Links to pages changed their ground by a shade that could not be seen, and the page itself nothing."""
    page.goto(f"{server.url}/{key}?lang=en")
    expect(page.locator(".lab[data-shown-step]" if key == "lab" else ".lesson").first).to_be_visible()
    at_rest(page)
    seen = stops(page)
    assert len(seen) > 30
    assert [x["name"] for x in seen if not x["framed"]] == []
