"""How long after a step is committed a browser shows it: charts, token strips, formula card and scatter.

python -m tests.load.freshness --steps 60
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from core.config import RunConfig
from tests.e2e.conftest import FLAGS, LiveRun, serving

# Notes the time at which each step came on show; the page and this script read the same clock.
WATCH = """lab => {
  window.shownAt = {};
  new MutationObserver(() => { window.shownAt[lab.dataset.shownStep] ??= Date.now() / 1000; })
    .observe(lab, {attributes: true, attributeFilter: ["data-shown-step"]});
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    if not 5 <= steps <= 1000:
        parser.error("steps must be 5 to 1000")
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        run = LiveRun(server.store, RunConfig(steps=steps + 1))
        run.tick()
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.goto(f"{server.url}/lab?run={run.id}")
        lab = page.locator('.lab[data-shown-step="1"]')
        lab.wait_for()
        page.locator(".lab").evaluate(WATCH)
        committed = {}
        for step in range(2, steps + 2):
            run.tick()
            committed[step] = time.time()
            page.locator(f'.lab[data-shown-step="{step}"]').wait_for(state="attached")
            page.evaluate("wait => new Promise(done => setTimeout(done, wait))", random.randint(0, 1000))
        shown = page.evaluate("window.shownAt")
        browser.close()
    waits = sorted(shown[str(step)] - at for step, at in committed.items())
    print(f"commit to shown, {len(waits)} steps: p50 {waits[len(waits) // 2]:.2f} s, "
          f"p95 {waits[int(len(waits) * 0.95)]:.2f} s, most {waits[-1]:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
