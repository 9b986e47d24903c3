"""How many frames a second a browser without a graphics card draws while the pictures of the pages play.

python -m tests.load.frames --seconds 3
python -m tests.load.frames --seconds 3 --only the-critic a-real-instruct-model

For each page that has something to play: the button's name, and how many frames were drawn each second from the
press on, beside how many the same page draws when nothing plays. What comes only once somebody has predicted is there,
too. The recorded run is shown; nothing trains. Exit 1 where a page lost what it is to play (PLAYS).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, serving
from tests.e2e.rest import at_rest

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


#: What these pages play, if not more: where none of it is found, they were not measured.
PLAYS = {"the-critic": "race-play", "a-real-instruct-model": "answers-play"}
#: Whether every picture that the page has is drawn.
DRAWN = """() => {
  const all = [...document.querySelectorAll('*')].flatMap(x => [...x.shadowRoot?.querySelectorAll('.lesson') ?? []]);
  return all.every(x => !x.checkVisibility() || x.dataset.drawn === 'true');
}"""


def opened(page: Page, url: str) -> None:
    """Opens a page and commits to its predictions, until all that it has to play is there and plays no more."""
    page.goto(url, timeout=120_000)
    at_rest(page)
    for _n in range(8):  # one may bring the next
        for box in page.locator("[class*=st-key-][class*=_predict]:has([class*=_commit] button)").all():
            committed(page, box)
        if not page.locator("[class*=_predict] [class*=_commit] button").count():
            break
    page.wait_for_function(DRAWN, timeout=120_000)
    page.wait_for_timeout(6000)  # what plays by itself has played


def committed(page: Page, box: Locator) -> None:
    """Chooses the last of a prediction's choices, or leaves its slider, and commits to it."""
    button = box.locator("[class*=_commit] button")
    if not button.count():  # of those on one page, one that was made may have taken others away
        return
    choices = box.locator("[role=radiogroup] label")
    if choices.count():
        choices.last.click()
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    at_rest(page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", nargs="*", help="these pages alone")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(TOURED)
        missing: list[str] = []
        print("frames a second; the longest but one in twenty, ms:")
        for lesson in LESSONS:
            if args.only and lesson.key not in args.only:
                continue
            opened(page, server.url + ("" if lesson.default else f"/{lesson.key}"))
            names = page.evaluate(NAMES)
            if lesson.key in PLAYS and PLAYS[lesson.key] not in names:
                missing.append(lesson.key)
            if not names:
                print(f"{lesson.key:24}nothing to play", flush=True)
                continue
            for which, name in [(None, "at rest"), *enumerate(names)]:
                rate, slow = page.evaluate(COUNT, [which, 1000 * args.seconds])
                print(f"{lesson.key:24}{name:24}{rate:5.1f}  {slow:5.0f}", flush=True)
                page.wait_for_timeout(300)
        browser.close()
    if missing:
        sys.exit(f"not measured, as nothing to play was found: {', '.join(missing)}")


if __name__ == "__main__":
    main()
