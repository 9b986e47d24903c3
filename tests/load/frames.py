"""How many frames a second a browser without a graphics card draws while the pictures of the pages play.

python -m tests.load.frames --seconds 3

For each page that has something to play: the button's name, and how many frames were drawn each second from the
press on, beside how many the same page draws when nothing plays. The recorded run is shown; nothing trains.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, serving

#: Finds every button that plays, inside of components too; gives their names, or presses one and counts.
BUTTONS = """() => {
  const roots = [document, ...[...document.querySelectorAll('*')].map(x => x.shadowRoot).filter(Boolean)];
  const buttons = roots.flatMap(x => [...x.querySelectorAll('button')]);
  return buttons.filter(x => x.textContent.trim() === '▶' && x.checkVisibility());
}"""
NAMES = f"() => ({BUTTONS})().map(x => x.dataset.testid ?? x.getAttribute('aria-label'))"
COUNT = f"""async ([which, milliseconds]) => {{
  const button = which === null ? null : ({BUTTONS})()[which];
  button?.scrollIntoView({{block: 'center'}});
  await new Promise(done => setTimeout(done, 500));
  button?.click();
  return await new Promise(done => {{
    const times = [];
    const draw = now => {{
      times.push(now);
      if (now - times[0] < milliseconds) return requestAnimationFrame(draw);
      const gaps = times.slice(1).map((x, i) => x - times[i]).sort((a, b) => a - b);
      if (button && button.textContent.trim() !== '▶') button.click();
      done([gaps.length / (now - times[0]) * 1000, gaps[Math.floor(gaps.length * .95)]]);
    }};
    requestAnimationFrame(draw);
  }});
}}"""
TOURED = """localStorage.setItem("credit-lab",
  JSON.stringify({version: 1, cleared: 0, entries: {"tour/lab": ["done", Date.now()]}}))"""


def opened(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(6000)  # pictures have come; what plays by itself has played


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", help="this page alone")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(TOURED)
        print("frames a second; the longest but one in twenty, ms:")
        for lesson in LESSONS:
            if args.only not in (None, lesson.key):
                continue
            opened(page, server.url + ("" if lesson.default else f"/{lesson.key}"))
            names = page.evaluate(NAMES)
            if not names:
                print(f"{lesson.key:24}nothing to play", flush=True)
                continue
            for which, name in [(None, "at rest"), *enumerate(names)]:
                rate, slow = page.evaluate(COUNT, [which, 1000 * args.seconds])
                print(f"{lesson.key:24}{name:24}{rate:5.1f}  {slow:5.0f}", flush=True)
                page.wait_for_timeout(300)
        browser.close()


if __name__ == "__main__":
    main()
