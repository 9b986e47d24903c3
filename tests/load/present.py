"""Every screen of present mode: by how many pixels what it shows is higher than the projector.

python -m tests.load.present [--pages lab,kl] [--langs en] [--sizes 1280x720] [--act] [--pictures FOLDER]

Turns each page from its first screen to its last. A line a page, with each screen that has to be scrolled, or is empty.
With --act predictions are made, questions answered and folds opened on the way; -1: what was done went out of sight.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, serving
from tests.e2e.screens import PROJECTORS, is_bare, screens

STILL = "[data-testid=stApp][data-test-script-state=notRunning]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", default=",".join(x.key for x in LESSONS if x.check or x.key in ("home", "lab")))
    parser.add_argument("--langs", default="en,zh-TW")
    parser.add_argument("--sizes", default=",".join(f"{x['width']}x{x['height']}" for x in PROJECTORS))
    parser.add_argument("--url", help="of a server that runs")
    parser.add_argument("--act", action="store_true", help="predict, answer and open folds on the way")
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each screen")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        url = given.url or stack.enter_context(serving(Path(home))).url
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size in given.sizes.split(","):
            width, height = map(int, size.split("x"))
            context = browser.new_context(viewport={"width": width, "height": height})
            context.set_default_timeout(120_000)  # geometry is measured, also on a busy machine
            for lang in given.langs.split(","):
                for key in given.pages.split(","):
                    page = context.new_page()
                    page.goto(f"{url}/{'' if key == 'home' else key}?present=1&lang={lang}", timeout=90_000)
                    page.locator(STILL).wait_for(timeout=90_000)
                    page.locator(".lab[data-shown-step]" if key == "lab" else ".lesson, .lab").first.wait_for(
                        state="attached", timeout=90_000
                    )
                    page.wait_for_timeout(1000)
                    seen, bare = [], []
                    for n, (place, over) in enumerate(screens(page, act=given.act)):
                        seen.append((place, over))
                        bare += [place] if is_bare(page) else []
                        if given.pictures:
                            given.pictures.mkdir(parents=True, exist_ok=True)
                            page.screenshot(path=given.pictures / f"{key}-{lang}-{size}-{n:02}.png")
                    high = [f"{place}: {over}" for place, over in seen if over] + [f"{x}: empty" for x in bare]
                    print(
                        f"{size:9} {lang:6} {key:24} {len(seen):2} screens  {'; '.join(high) or 'all fit'}", flush=True
                    )
                    page.close()
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
