"""The notebook's board in a real browser: a page takes the place of Jupyter's, Python in this process its kernel's.

Jupyter only carries messages between the two: here the page calls Python, and the test hands on what Python sent.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from core.runs.feed import Feed
from core.runs.store import RunStore
from lessons import shared
from lessons.elsewhere.notebook import board
from tests.e2e.conftest import LiveRun
from tests.e2e.rest import comes_true
from tests.lessons.test_notebook import parts_of

pytestmark = pytest.mark.browser

HOST = """async ({ esm, files, first, options, name }) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (x) => x.charCodeAt(0)).buffer);
  const listeners = [];
  const model = {
    get: (key) => ({ files: bytes(files), first: bytes(first), options })[key],
    on: (_, f) => listeners.push(f),
    off: () => {},
    send: (content) => window.toPython(name, content),
  };
  window.fromPython ??= {};
  window.fromPython[name] = (text) => { for (const f of listeners) f({}, [bytes(text)]); };
  const el = document.createElement("section");
  el.id = name;
  document.body.append(el);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  await (await import(url)).default.render({ model, el });
}"""


class Kernel:
    """Carries what a page's boards and Python's widgets send each other."""

    def __init__(self, page: Page) -> None:
        self.page, self.widgets, self.outbox = page, {}, []  # type: ignore[var-annotated]
        self.handed: dict[str, set[int]] = {}  # by board, the steps that it was handed
        self.is_busy = False  # a cell runs: nothing is answered
        page.expose_function("toPython", self._take)

    def _take(self, name: str, content: Any) -> None:
        if not self.is_busy:
            self.widgets[name]._handle_custom_msg(content, [])

    def show(self, name: str, widget: Any) -> Locator:
        self.widgets[name] = widget
        widget.send = lambda _, buffers: self.outbox.append((name, buffers[0]))
        files, first = (base64.b64encode(x).decode() for x in (widget.files, widget.first))
        state = {"esm": str(widget._esm), "files": files, "first": first, "options": widget.options}
        self.page.evaluate(HOST, {**state, "name": name})
        return self.page.locator(f"#{name} .lab")

    def until(self, lab: Locator, attribute: str, value: str) -> None:
        """Hands on what Python sends until the board shows something."""

        def shows() -> bool:
            self._hand_on()
            return re.fullmatch(value, lab.get_attribute(attribute) or "") is not None

        assert comes_true(self.page, shows), f"{attribute} is {lab.get_attribute(attribute)}"

    def hand_on_until(self, name: str, steps: set[int]) -> None:
        """Hands on what Python sends until a board has had these steps, each with a group: a cell may begin then."""

        def had() -> bool:
            self._hand_on()
            return steps <= self.handed.get(name, set())

        assert comes_true(self.page, had), f"it was handed {self.handed}"

    def _hand_on(self) -> None:
        while self.outbox:
            self._deliver(*self.outbox.pop(0))

    def _deliver(self, name: str, data: bytes) -> None:
        parts = dict(parts_of(data))
        if "group" in parts:
            self.handed.setdefault(name, set()).add(parts["step"]["step"])
        text = base64.b64encode(data).decode()
        self.page.evaluate("([name, text]) => window.fromPython[name](text)", [name, text])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunStore]:
    pytest.importorskip("anywidget")
    made = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    feed = Feed(made, refresh_s=0)
    monkeypatch.setattr(shared, "store", lambda: made)
    monkeypatch.setattr(shared, "feed", lambda: feed)
    yield made
    made.close()


def test_a_board_follows_a_run_scrubs_and_leaves_the_notebooks_address_alone(
    context: BrowserContext, store: RunStore
) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    run = LiveRun(store)
    run.tick(3)
    page.goto("about:blank")
    kernel = Kernel(page)
    live = board(run.id, every_s=0.05)
    first, second = kernel.show("first", live), kernel.show("second", board(run.id, language="zh-TW", every_s=60))
    for lab in (first, second):
        expect(lab).to_have_attribute("data-shown-step", "3")  # before the kernel has handed anything on
    run.tick(3)
    kernel.until(first, "data-shown-step", "6")
    kernel.hand_on_until("first", {3, 4, 5})
    kernel.is_busy = True
    page.locator('#first [data-testid="timeline"]').fill("4")
    expect(first).to_have_attribute("data-shown-step", "5")  # made since the last look, and here while a cell runs
    page.locator('#first [data-testid="timeline"]').fill("5")
    kernel.is_busy = False
    page.get_by_test_id("follow").first.click()
    run.tick()
    kernel.until(first, "data-shown-step", "7")
    page.locator('#first [data-testid="timeline"]').fill("1")
    kernel.until(first, "data-shown-step", "2")
    chip = page.locator("#first .t").nth(3)
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_attribute("data-token", "")  # each board has choices of its own
    assert page.url == "about:blank"
    assert "步" in page.locator("#second .steptitle").inner_text()
    run.end()
    live.close()
    assert errors == []
