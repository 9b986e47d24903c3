"""How long pages take: first paint and complete first load in a new browser, and the way from one page to the next.

python -m tests.load.pages --rounds 3
python -m tests.load.pages --rounds 1 --only kl how-grpo-works

The server has shown each page once before, as any server has that somebody has looked at. Complete means: the script
has run, and nothing comes or goes on the page for a second; that second is not counted. What plays moves what is there
and is no change; a figure further down is drawn when it is scrolled to (lessons/kit/lesson/figure.py). Seconds are
those of an idle machine; on a busy one the server's processor time and the bytes still tell.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, Server, serving

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


def processor_ms(server: Server) -> float:
    """What the server's process has computed so far."""
    of = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(of[11]) + int(of[12])) / os.sysconf("SC_CLK_TCK")  # its own time, and the kernel's for it


def first_load(browser: Browser, url: str, server: Server) -> tuple[float, float, float, float]:
    """(first contentful paint, complete, the server's processor time) in milliseconds and kilobytes that came over its
    socket, in a browser that has cached nothing.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    came, before = [0], processor_ms(server)
    count = lambda frame: came.append(len(frame))  # noqa: E731
    page.on("websocket", lambda socket: socket.on("framereceived", count))
    page.add_init_script(f"({WATCH})()")
    page.goto(url)
    page.wait_for_function(DONE, timeout=120_000)
    times = page.evaluate(PAINT), page.evaluate("window.lastChange")
    took = processor_ms(server) - before
    context.close()
    return *times, took, sum(came) / 1000


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
    parser.add_argument("--only", nargs="+", metavar="PAGE", help="keys of pages; all of them where it is left out")
    given = parser.parse_args()
    rounds, shown = given.rounds, [x for x in LESSONS if given.only is None or x.key in given.only]
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        addresses = {x.key: server.url + ("" if x.default else f"/{x.key}") for x in LESSONS}
        for lesson in shown:
            first_load(browser, addresses[lesson.key], server)
        print(f"medians of {rounds}, in seconds:  first paint  complete  switch to it  server ms  socket kB")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(f"({WATCH})()")
        page.goto(addresses["runs"])
        page.wait_for_function(DONE, timeout=120_000)
        for lesson in shown:
            loads = [first_load(browser, addresses[lesson.key], server) for _round in range(rounds)]
            switches = []
            if not lesson.default and lesson.key != "runs":
                for _round in range(rounds):
                    switches.append(switch(page, lesson.title))
                    switch(page, "Runs")
            paint, complete, took, came = (statistics.median(x) for x in zip(*loads, strict=True))
            moved = f"{statistics.median(switches) / 1000:.2f}" if switches else ""
            seconds = f"{paint / 1000:12.2f}{complete / 1000:10.2f}{moved:>14s}"
            print(f"{lesson.key:32s}{seconds}{took:11.0f}{came:11.0f}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
