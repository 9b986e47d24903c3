"""Waiting for a page to be at rest, and for it to have taken the width that it is given."""

from __future__ import annotations

from playwright.sync_api import Page

#: So long the server has to have had nothing to do: what comes up tells it where it stands, and it runs once more.
REST_MS = 500
#: Whether it has; `x` remembers since when.
AT_REST = """x => {
  const idle = document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning';
  const now = performance.now();
  x.since = idle ? x.since ?? now : null;
  return idle && now - x.since >= x.long;
}"""
#: Whether nothing stands out to the right of a page.
FITS = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  return main.scrollWidth <= main.clientWidth && document.documentElement.scrollWidth <= innerWidth;
}"""


def at_rest(page: Page) -> None:
    """Waits until the page's script has not run for REST_MS, however long it runs before; raises TimeoutError."""
    page.wait_for_function(AT_REST, arg=page.evaluate_handle(f"() => ({{ since: null, long: {REST_MS} }})"))


def narrowed(page: Page, width: int = 400, height: int = 800) -> None:
    """Makes the window so many pixels wide, and waits until all of the page fits; raises TimeoutError where it never
    does."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(FITS)
