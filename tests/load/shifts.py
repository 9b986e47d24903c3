"""How much a page moves while it loads: the layout shift of every page, on a desk and on a phone, in both languages.

python -m tests.load.shifts [--pages lab,kl]

A page is at rest where its sum is at most 0.1 (web.dev/cls). Measured over a whole load, while nobody does anything.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from lessons.catalog import LESSONS
from tests.e2e.conftest import FLAGS, serving

SIZES = {"desk": (1280, 900), "phone": (400, 900)}
#: The browser keeps the shifts so far, and hands them to who asks for them later.
SUM = """() => new Promise(done => new PerformanceObserver(list => done(
  list.getEntries().filter(x => !x.hadRecentInput).reduce((sum, x) => sum + x.value, 0)
)).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 500))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", default=",".join(x.key for x in LESSONS))
    pages = parser.parse_args().pages.split(",")
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height})
            page = context.new_page()
            for lang in ("en", "zh-TW"):
                for key in pages:
                    page.goto(f"{server.url}/{key}?lang={lang}", timeout=90_000)
                    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=90_000)
                    page.wait_for_timeout(3000)
                    print(f"{size:6} {lang:6} {key:24} {page.evaluate(SUM):.3f}", flush=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
