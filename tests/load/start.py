"""From a press of Start in the lab, with its default settings, to the first point of a chart in the browser.

python -m tests.load.start --rounds 3

Says, too, when the run was written down, its workers began, their models stood, and each learner's first step was
stored: what takes the time. Seconds are those of an idle machine.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.runs.store import RunStore
from tests.e2e.conftest import FLAGS, Server, serving
from tests.load.pictures import TOURED

LOOK_S = 0.02


class Milestones(threading.Thread):
    """Notes when the newest run comes that far; seconds after `begun`."""

    def __init__(self, store: RunStore, known: set[str]) -> None:
        super().__init__(daemon=True)
        self.store, self.known = store, known
        self.begun = time.monotonic()
        self.at: dict[str, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(LOOK_S):
            for run in self.store.runs():
                if run.id in self.known or not hasattr(run, "learners"):
                    continue
                self.note("written down")
                for name, there in (
                    ("workers begin", all(x.status != "queued" for x in run.learners)),
                    ("models stand", all(x.start_hash for x in run.learners)),
                    ("first step stored", any(x.step >= 0 for x in run.learners)),
                    ("all learners' stored", all(x.step >= 0 for x in run.learners)),
                ):
                    if there:
                        self.note(name)

    def note(self, name: str) -> None:
        self.at.setdefault(name, time.monotonic() - self.begun)


def ready(browser: Browser, server: Server) -> Page:
    """The lab, as somebody sees it who has looked at it for a while; the fork server is warm."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(TOURED)
    page.goto(f"{server.url}/lab")
    page.locator(".lab[data-shown-step]").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    return page


def once(browser: Browser, server: Server) -> dict[str, float]:
    page = ready(browser, server)
    start, first = page.locator(".st-key-lab_start button"), page.locator('.lab[data-step="1"]')
    assert first.count() == 0
    milestones = Milestones(server.store, {x.id for x in server.store.runs()})
    milestones.start()
    start.click()
    first.wait_for(state="attached", timeout=120_000)
    milestones.note("first point")
    page.locator('.lab[data-shown-step="1"]').wait_for(state="attached", timeout=120_000)
    milestones.note("its tokens")
    milestones.over.set()
    print("; ".join(f"{name} {at:.2f}" for name, at in milestones.at.items()), flush=True)
    page.locator(".st-key-lab_stop button:enabled").first.click()
    page.locator(".lab[data-state=stopped], .lab[data-state=finished]").wait_for(state="attached", timeout=120_000)
    page.close()
    return milestones.at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        ready(browser, server).wait_for_timeout(15_000)  # the fork server imports torch meanwhile
        taken = [once(browser, server) for _round in range(rounds)]
        browser.close()
    print(f"seconds after the press, medians of {rounds}")
    for name in sorted(taken[0], key=taken[0].__getitem__):
        print(f"{name:24s}{statistics.median(x[name] for x in taken if name in x):8.2f}")


if __name__ == "__main__":
    main()
