"""Waiting for a page by what it shows and by the frames that it draws, never by the clock alone.

A busy machine stops a page for seconds: what was to come within a second then comes later, and nothing has happened
meanwhile that could be looked at. So a time counts here only as far as the page drew frames in it, and a page is at
rest when all that it consists of says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import JSHandle, Locator, Page, expect

from tests.e2e.windows import TIMEOUT_MS

#: So long nothing may happen, in milliseconds in which the page draws: timers of its own have gone off by then.
REST_MS = 500
#: What a frame counts for at most, in milliseconds: a longer one is a page that stood still.
FRAME_MS = 50
#: So many frames in a row nothing may move.
FRAMES = 12

#: Whether nothing is under way on a page of ours: its script does not run, and all that it consists of is there.
IDLE = """components => {
  const app = document.querySelector('[data-testid=stApp]');
  const all = selector => [...document.querySelectorAll(selector)];
  const idle = app?.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
    && document.fonts.status === 'loaded' && all('[data-testid=stSkeleton]').every(y => !y.checkVisibility());
  if (!idle || !components) return idle;
  const hosts = all('[data-testid=stBidiComponentIsolated]');
  const inside = hosts.flatMap(y => [...y.shadowRoot?.querySelectorAll('.lesson, .plot') ?? []]);
  return hosts.every(y => y.dataset.ready === 'true')
    && inside.every(y => y.matches('.plot') ? !y.clientWidth || y.firstChild : y.dataset.drawn === 'true');
}"""
#: Whether that is so for long enough; `x` remembers for how long it has been. Asked at every frame.
AT_REST = f"""x => {{
  const idle = ({IDLE})(x.components), now = performance.now();
  x.rest = idle ? x.rest + Math.min(x.frame, now - x.before) : 0;
  x.before = now;
  return x.rest >= x.long;
}}"""
#: Whether all parts of the page have stood where they are, as large as they are, for some frames in which nothing was
#: under way; `x` remembers. They are measured at every fourth of these frames: at each, the walk through the whole page
#: took a seventh of the processor's time that pages take in tests.
LAID_OUT = f"""x => {{
  const fades = document.getAnimations().some(
    y => y.playState === 'running' && y.effect.getComputedTiming().iterations !== Infinity);
  const idle = !document.querySelector('[data-testid=stApp]') || ({IDLE})(true);
  x.same = !fades && idle && document.fonts.status === 'loaded' ? x.same + 1 : 0;
  if (x.same % 4 !== 1) return false;
  const main = document.querySelector('[data-testid=stMain]') ?? document.documentElement;
  const where = [innerWidth, innerHeight, main.scrollHeight, main.scrollTop];
  const walk = root => {{
    for (const e of root.querySelectorAll('*')) {{
      if (e.shadowRoot) walk(e.shadowRoot);
      if (!e.matches('[data-testid=stElementContainer], .lesson, .lesson *, .lab, .lab > *, canvas, svg')) continue;
      const box = e.getBoundingClientRect();
      if (box.width) where.push(box.left, box.top, box.width, box.height);
    }}
  }};
  walk(document);
  const now = where.join();
  if (now !== x.where) x.same = 1;
  x.where = now;
  return x.same > x.frames;
}}"""
#: The boxes of elements of which all that are on show kept theirs for so many frames; null where one was taken away.
STILL = """async (parts, frames) => {
  const shown = () => parts.filter(x => x.checkVisibility()).map(x => x.getBoundingClientRect())
    .filter(x => x.width || x.height).map(({x, y, width, height}) => ({x, y, width, height}));
  let now = shown(), same = 0;
  while (same < frames || document.fonts.status !== 'loaded') {
    await new Promise(requestAnimationFrame);
    if (!parts.every(x => x.isConnected)) return null;
    const before = JSON.stringify(now);
    now = shown();
    same = JSON.stringify(now) === before ? same + 1 : 0;
  }
  return now;
}"""
#: Whether nothing stands out to the right of a page.
FITS = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  return main.scrollWidth <= main.clientWidth && document.documentElement.scrollWidth <= innerWidth;
}"""


def at_rest(page: Page, *, components: bool = True) -> None:
    """Waits until the page has nothing more to do; raises TimeoutError where it never has.

    Then its script has not run for REST_MS, each component has loaded its module and drawn what it was last given, and
    so has each figure. Without `components`, only Streamlit's own part is waited for.
    """
    known = {"rest": 0, "before": 0, "frame": FRAME_MS, "long": REST_MS, "components": components}
    page.wait_for_function(AT_REST, arg=remembered(page, known))


def laid_out(page: Page) -> None:
    """Waits until all of the page is there, nothing fades and all its parts have kept their places for FRAMES frames:
    who draws anew at another width does so in the next ones. Raises TimeoutError where something always moves.

    What a page only does later, by timers of its own or because a component asks for it, may still come (`at_rest`).
    """
    page.wait_for_function(LAID_OUT, arg=remembered(page, {"same": 0, "where": "", "frames": FRAMES}))


def boxes(parts: Locator) -> list[dict[str, float]]:
    """Where those of an element's parts that are on show stand in the window, and how large they are, in pixels.

    All are measured at one moment, once they have kept their places for some frames: measured one after another,
    or while the page is laid out, they may be of two layouts. Raises AssertionError where they never stand still.
    """
    end = time.monotonic() + TIMEOUT_MS / 1000
    while time.monotonic() < end:
        measured: list[dict[str, float]] | None = parts.evaluate_all(STILL, FRAMES // 4)
        if measured is not None and measured == parts.evaluate_all(STILL, 0):  # nor are they others by now
            return measured
    raise AssertionError(f"these never stand still: {parts}")


def box(part: Locator) -> dict[str, float]:
    """Where an element is and how large, once it is on show and stands still; of several, an AssertionError."""
    expect(part).to_be_visible()
    (only,) = boxes(part)
    return only


def frames(page: Page, count: int = 2 * FRAMES) -> None:
    """Waits until the page has drawn so many frames: what it does at each has been done."""
    page.wait_for_function("x => --x.left < 0", arg=remembered(page, {"left": count}))


def timers_gone_off(page: Page, ms: int) -> None:
    """Waits until whatever the page has put off so far, for at most so many milliseconds, has come.

    A timer that is set later and for longer goes off later, however busy the machine is.
    """
    page.evaluate("ms => new Promise(done => setTimeout(done, ms))", ms + 1)
    frames(page, 2)


def values(slider: Locator, count: int) -> set[float]:
    """The first so many different values that a slider takes while it plays by itself, seen frame by frame."""
    page, seen = slider.page, slider.page.evaluate_handle("new Set()")
    page.wait_for_function(
        "([x, seen, count]) => seen.add(Number(x.value)).size >= count", arg=[slider.element_handle(), seen, count]
    )
    return {float(x) for x in page.evaluate("x => [...x]", seen)}


def caught(button: Locator, part: Locator, condition: str) -> None:
    """Presses a button, and waits until a function of an element and the button says so, asked at each frame from the
    press on: what passes by by itself is caught in the page, however late this process is."""
    button.click(trial=True)  # it is to be seen, and nothing covers it
    script = f"""([button, x, known]) => {{
      if (!known.pressed) button.click();
      known.pressed = true;
      return ({condition})(x, button);
    }}"""
    known = remembered(part.page, {"pressed": False})
    part.page.wait_for_function(script, arg=[button.element_handle(), part.element_handle(), known])


@dataclass(frozen=True)
class Seen:
    """What was to be seen of a part of a page from one moment on, frame by frame, each as often as it came anew."""

    page: Page
    frames: JSHandle

    def wait_for(self, *wanted: Any) -> None:
        """Waits until these have been seen, one after another; whatever came before, between or after them."""
        script = """([frames, wanted]) => {
          let at = 0;
          for (const x of frames) if (JSON.stringify(x) === JSON.stringify(wanted[at])) at += 1;
          return at >= wanted.length;
        }"""
        self.page.wait_for_function(script, arg=[self.frames, list(wanted)])

    def all(self) -> list[Any]:
        seen: list[Any] = self.frames.json_value()
        return seen


@contextmanager
def watched(part: Locator, look: str) -> Iterator[Seen]:
    """Notes in the page what the function `look` says of an element at each frame: what stands there for a moment only
    is seen, also where this process is late."""
    script = f"""x => {{
      const look = {look}, frames = [];
      const next = () => {{
        const now = look(x);
        if (JSON.stringify(now) !== JSON.stringify(frames.at(-1))) frames.push(now);
        if (!frames.isOver) requestAnimationFrame(next);
      }};
      next();
      return frames;
    }}"""
    frames = part.evaluate_handle(script)
    yield Seen(part.page, frames)
    frames.evaluate("x => { x.isOver = true; }")


def fits(page: Page) -> None:
    """Waits until nothing stands out to the right; raises TimeoutError where something always does."""
    page.wait_for_function(FITS)


def narrowed(page: Page, width: int = 400, height: int = 800) -> None:
    """Makes the window so many pixels wide, and waits until all of the page fits; raises TimeoutError where it never
    does."""
    page.set_viewport_size({"width": width, "height": height})
    fits(page)


def remembered(page: Page, known: dict[str, Any]) -> Any:
    """What a function that is asked at every frame remembers from one to the next."""
    return page.evaluate_handle("x => x", known)


def comes_true(page: Page, condition: Callable[[], Any], timeout_s: float = 60) -> bool:
    """Whether something that only Python can say comes true in that time; it is asked again and again until then."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(50)  # between two looks; the page and what it calls in Python go on meanwhile
    return True
