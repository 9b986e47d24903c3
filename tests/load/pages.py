"""How long pages take: first paint and complete first load in a new browser, and the way from one page to the next.

python -m tests.load.pages --rounds 3

The server has shown each page once before, as any server has that somebody has looked at. Complete means: the script
has run, and nothing on the page changes for a second; that second is not counted.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, serving

QUIET = 1000  # ms

#: Notes when the page last changed. A blinking cursor or a running clock is no change: only nodes that come or go.
WATCH = """() => {
  window.lastChange = performance.now();
  const noted = new MutationObserver(() => { window.lastChange = performance.now(); });
  const watch = (root) => noted.observe(root, {childList: true, subtree: true});
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) { const root = attach.call(this, init); watch(root); return root; };
  watch(document);
}"""
DONE = f"""() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]') &&
  !document.querySelector('[data-testid=stSkeleton]') && performance.now() - window.lastChange > {QUIET}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"


def first_load(browser: Browser, url: str) -> tuple[float, float]:
    """(first contentful paint, complete) in milliseconds, in a browser that has cached nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    page.goto(url)
    page.wait_for_function(DONE, timeout=120_000)
    times = page.evaluate(PAINT), page.evaluate("window.lastChange")
    context.close()
    return times


def switch(page: Page, title: str) -> float:
    """Milliseconds from a click in the navigation to the other page's title."""
    link = page.locator("[data-testid=stSidebarNav] a", has_text=title)
    page.evaluate("window.clicked = 0")
    link.evaluate("x => x.addEventListener('click', () => { window.clicked = performance.now(); }, {once: true})")
    link.click()
    shown = """title => { const x = document.querySelector('[data-testid=stMain] h1');
      return window.clicked && x?.textContent.includes(title) ? performance.now() - window.clicked : 0; }"""
    took: float = page.wait_for_function(shown, arg=title, polling="raf", timeout=60_000).json_value()
    page.wait_for_function(DONE, timeout=120_000)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        addresses = {x.key: server.url + ("" if x.default else f"/{x.key}") for x in LESSONS}
        for url in addresses.values():
            first_load(browser, url)
        print(f"medians of {rounds}, in seconds:  first paint  complete  switch to it")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(f"({WATCH})()")
        page.goto(addresses["runs"])
        page.wait_for_function(DONE, timeout=120_000)
        for lesson in LESSONS:
            loads = [first_load(browser, addresses[lesson.key]) for _round in range(rounds)]
            switches = []
            if not lesson.default and lesson.key != "runs":
                for _round in range(rounds):
                    switches.append(switch(page, lesson.title))
                    switch(page, "Runs")
            paint, complete = (statistics.median(x) / 1000 for x in zip(*loads, strict=True))
            moved = f"{statistics.median(switches) / 1000:.2f}" if switches else ""
            print(f"{lesson.key:32s}{paint:12.2f}{complete:10.2f}{moved:>12s}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
