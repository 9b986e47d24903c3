"""How fluid the lab stays on long responses in sub-word tokens: what a browser's main thread does at each action.

python -m tests.load.long_responses                # 16 responses of some 200 tokens for each of two learners
python -m tests.load.long_responses --times 4      # twice as long
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from core.runs import lifecycle
from tests.e2e.conftest import FLAGS, serving
from tests.lessons.worded import worded_config, worded_trace

STEPS = 3
# What each person does, as code of the page; `find` looks inside the lab's own root.
ACTIONS = {
    "update pass": "slide('pass', 1)",
    "and back": "slide('pass', 0)",
    "another colour": "const s = find('[data-testid=color]'); s.value = 'ratio'; s.dispatchEvent(new Event('change'))",
    "a step back": "slide('timeline', 0)",
    "a step on": "slide('timeline', 1)",
    "another question": "lab.querySelectorAll('.prompts button')[2].click()",
    "choose a token": "lab.querySelectorAll('.t')[5].click()",
    "show all of one": "lab.querySelectorAll('.more')[3].click()",
    "point at a token": "lab.querySelectorAll('.t')[8].dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))",
}
# Milliseconds until the frame after the action is drawn, and the longest that the main thread was busy within a second.
MEASURE = """async (lab, action) => {
  const find = (x) => lab.querySelector(x);
  const slide = (id, v) => { const x = find(`[data-testid=${id}]`); x.value = v; x.dispatchEvent(new Event('input')) };
  let longest = 0;
  const take = (all) => { for (const x of all.getEntries()) longest = Math.max(longest, x.duration) };
  const watch = new PerformanceObserver(take);
  watch.observe({ type: 'longtask' });
  const began = performance.now();
  new Function('lab', 'find', 'slide', action)(lab, find, slide);
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const frame = performance.now() - began;
  await new Promise((done) => setTimeout(done, 1000));
  watch.disconnect();
  return [frame, longest];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2, help="how often a response says its piece of 100 tokens")
    times = parser.parse_args().times
    if not 1 <= times <= 10:
        parser.error("times must be 1 to 10")
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), CREDIT_LAB_TRAINING="off") as server,
        sync_playwright() as pw,
    ):
        config, store = worded_config(), server.store
        run_id = store.create(config, "long responses")
        for step in range(STEPS):
            for learner in config.learners:
                store.append(run_id, worded_trace(config, learner.name, step, times=times))
        for learner in config.learners:
            lifecycle.mark(store, run_id, learner.name, "finished")
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(f"{server.url}/lab?run={run_id}")
        page.locator(f'.lab[data-shown-step="{STEPS}"]').wait_for(timeout=120_000)
        lab = page.locator(".lab")
        print(f"{lab.locator('.t').count()} tokens on show in {lab.locator('.strip').count()} responses")
        for name, action in ACTIONS.items():
            frame, longest = lab.evaluate(MEASURE, action)
            print(f"{name:18} {frame:5.0f} ms to the next frame, main thread busy for {longest:4.0f} ms at most")
        browser.close()


if __name__ == "__main__":
    main()
