"""The pictures of docs/: five pages, and a live run as a moving one. Looked at before they are committed.

python -m tests.load.pictures
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.conftest import FLAGS, serving

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Picture → what is opened.
PAGES = {
    "home": "",
    "lab": "/lab",
    "how-ppo-works": "/how-ppo-works",
    "how-grpo-works": "/how-grpo-works",
    "present": "/how-grpo-works?present=1",
}
#: Nobody is offered the tour who took it.
TOURED = """localStorage.setItem("credit-lab",
  JSON.stringify({version: 1, cleared: 0, entries: {"tour/lab": ["done", Date.now()]}}))"""


def opened(browser: Browser, url: str, width: int = 1280, height: int = 900) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.add_init_script(TOURED)
    page.goto(url)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=120_000)
    page.wait_for_timeout(8000)  # charts and pictures have come
    return page


def save(picture: Image.Image, name: str) -> None:
    picture.convert("RGB").save(
        DOCS / f"{name}.png", optimize=True
    )  # fewer colours would show others than the pages do
    print(f"{name}.png: {(DOCS / f'{name}.png').stat().st_size:,} bytes", flush=True)


def seen(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot()))


def live(browser: Browser, url: str, frames: int) -> None:
    """A run of the quick preset, from Start on: a frame as each new step is shown, four frames a second.

    As WebP: its frames have all colours, where a GIF's 256 make blue and orange others than the pages show.
    """
    page = opened(browser, f"{url}/lab?preset=chain-sum")
    page.locator(".st-key-lab_start button").first.click()
    taken: list[Image.Image] = []
    shown = ""
    for _frame in range(frames):
        taken.append(seen(page).convert("RGB").resize((960, 675), Image.Resampling.LANCZOS))
        another = f'.lab[data-shown-step]:not([data-shown-step="{shown}"])'
        with contextlib.suppress(PlaywrightTimeout):  # before the first step there are other things to see
            page.locator(another).wait_for(state="attached", timeout=10_000 if shown else 3000)
        page.wait_for_timeout(300)  # its charts are drawn
        shown = page.locator(".lab").first.get_attribute("data-shown-step") or ""
    page.close()
    write_live(taken, DOCS / "live.webp")


def write_live(taken: list[Image.Image], path: Path) -> None:
    """Frames as a moving picture that plays for ever, the last one longer; no frame that is as the one before."""
    kept = [x for i, x in enumerate(taken) if i == 0 or x.tobytes() != taken[i - 1].tobytes()]
    times = [250] * (len(kept) - 1) + [2000]
    options = {"save_all": True, "append_images": kept[1:], "duration": times, "loop": 0}
    kept[0].save(path, quality=80, method=6, minimize_size=True, **options)
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(kept)} frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=0, help="of a live run, as live.webp")
    parser.add_argument("--only-live", action="store_true", help="leave the other pictures as they are")
    given = parser.parse_args()
    frames, pages = given.frames, {} if given.only_live else PAGES
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, sync_playwright() as pw:
        browser = pw.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, path in pages.items():
            page = opened(browser, server.url + path)
            save(seen(page), name)
            page.close()
        if frames:
            live(browser, server.url, frames)
        browser.close()


if __name__ == "__main__":
    main()
