"""The lab's board as a widget in a notebook, of a stored run or of a TRL training that goes on.

    from lessons.elsewhere.notebook import board

    board("recorded-long-sums")        # a run's id, or the beginning of it (`python -m core runs` lists them)
    board(callback)                    # core.integrations.trl's CreditLabCallback(keep=True), before trainer.train()

It is the app's own frontend, which asks Python in the notebook's kernel for what the app's server sends otherwise.
While a cell runs, most kernels answer nothing, so the newest step comes with the widget, and a thread hands over what a
training makes each second. A step or a question that was not handed over is shown when the cell is done; until then the
board says so, and goes on as soon as something else is chosen. Needs the extra `notebook`.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import threading
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from core.errors import Message, Refusal
from core.extras import NOTEBOOK
from core.runs.recorded import SHIPPED, import_recorded
from core.runs.records import readable
from lessons import shared
from lessons.board.assets import inline_files, loader
from lessons.board.options import lab_options
from lessons.board.window import Window, window
from lessons.i18n import DEFAULT, _, use_language

#: Of the steps that were made since the last look, so many are handed over besides the newest: each takes a tenth of a
#: second from the training.
MOST_AT_ONCE = 3
_NOT_BEGUN = Message("The training has not begun yet.")


class NotebookError(Refusal, RuntimeError):
    """A board that cannot be shown in a notebook."""


class Watching(Protocol):
    """What records a training, as core.integrations.trl.callback.CreditLabCallback does."""

    keep: bool  # whether its run is among the app's
    run_id: str | None  # None until the training begins


def board(run: str | Watching, *, language: str = DEFAULT, every_s: float = 1.0) -> Any:
    """The board of a run, as a widget: let a cell end with it, or hand it to `display`.

    `language` is a key of lessons.i18n.LANGUAGES; a run that goes on is looked at every `every_s` seconds. Raises
    NotebookError where the extra is missing, no run has such an id, or a callback keeps its run elsewhere; StoreError.
    """
    missing = NOTEBOOK.missing()
    if missing is not None:
        raise NotebookError(missing)
    return _widget_class()(_following(run), language, every_s)


def _following(run: str | Watching) -> Callable[[], str | None]:
    """What tells the run's id, once it has one."""
    if not isinstance(run, str):
        if not run.keep:
            raise NotebookError(
                "This callback keeps its run in files of its own: make it with keep=True, and the board shows it live."
            )
        return lambda: run.run_id
    run_id = _named(run)
    return lambda: run_id


def _named(run: str) -> str:
    """The id of the one stored run whose id is, or begins with, `run`; a recorded one is taken in first."""
    store = shared.store()
    if run in SHIPPED:
        import_recorded(store, SHIPPED[run], run)
        return run
    matching = [x.id for x in readable(store.runs()) if x.id.startswith(run)]
    if run in matching:
        return run
    if len(matching) != 1:
        raise NotebookError("{count} runs have an id that begins with {given}.", count=len(matching), given=repr(run))
    return matching[0]


def _opening_of(window: Window) -> dict[str, Any] | None:
    """The step and group at which a board of the run opens, where it does not follow."""
    live = next((json.loads(body.text()) for kind, body in window.parts if kind == "live"), None)
    opening: dict[str, Any] | None = None if live is None else live["run"].get("opening")
    return opening


def _step_of(window: Window) -> int:
    """The step that a window brings; −1 where it brings none."""
    return next((json.loads(body.text())["step"] for kind, body in window.parts if kind == "step"), -1)


class HandedOver:
    """What a board in a notebook has been handed of its run, and what comes next; `send` hands it a window of data."""

    def __init__(self, run_id: Callable[[], str | None], channel: str, every_s: float) -> None:
        self._run_id, self._channel, self._every_s = run_id, channel, every_s
        self._wanted: dict[str, Any] = {"follow": True}
        self._over = threading.Event()
        self._sending = threading.Lock()
        now = self._window()
        if opening := _opening_of(now):
            now = self._window(opening)
        self.live = now.live
        self.first = self._sent = now.data(channel)
        self._step = _step_of(now)

    def want(self, wanted: dict[str, Any], send: Callable[[bytes], None]) -> None:
        """The browser wishes for a step, a group, or to follow."""
        self._wanted = wanted
        self._hand_over(None, send, again=True)

    def watch(self, send: Callable[[bytes], None]) -> None:
        """Hands over what is new until the run is over: also the last steps that were made since the last look."""
        live = True
        while live and not self._over.wait(self._every_s):
            newest = _step_of(self._window())
            for step in range(max(self._step + 1, newest - MOST_AT_ONCE), newest):
                self._hand_over({"step": step}, send, again=False)
            now = self._hand_over(None, send, again=False)
            # A step that was made since the look was handed over in the place of `newest`, which then is still to come.
            is_left = _step_of(now) > newest
            self._step = max(self._step, newest - is_left)
            live = now.live or is_left

    def end(self) -> None:
        """Nothing new is handed over any more."""
        self._over.set()

    def _window(self, wanted: dict[str, Any] | None = None) -> Window:
        run_id = self._run_id()
        if run_id is None:
            return Window(True, problem=("trouble", _NOT_BEGUN))
        return window(run_id, self._wanted if wanted is None else wanted)

    def _hand_over(self, wanted: dict[str, Any] | None, send: Callable[[bytes], None], *, again: bool) -> Window:
        """Sends the window that the browser wants, or this one. One after another, so that none is older than the one
        before: the lab would wait for a step as it was.
        """
        with self._sending:
            now = self._window(wanted)
            data = now.data(self._channel)
            if again or data != self._sent:
                self._sent = data
                with contextlib.suppress(RuntimeError):  # the kernel is shutting down
                    send(data)
        return now


@functools.cache
def _files() -> bytes:
    return gzip.compress(json.dumps(inline_files()).encode(), mtime=0)


@functools.cache
def _widget_class() -> type:
    """The widget's class, made when it is first asked for: its base comes with an extra."""
    import anywidget
    import traitlets

    class BoardWidget(anywidget.AnyWidget):
        _esm = loader("notebook")
        files = traitlets.Bytes().tag(sync=True)
        options = traitlets.Unicode().tag(sync=True)
        first = traitlets.Bytes().tag(sync=True)  # a window of data: a kernel that is busy answers nothing

        def __init__(self, run_id: Callable[[], str | None], language: str, every_s: float) -> None:
            channel = f"credit-lab:{uuid.uuid4().hex}"
            with use_language(language):
                busy = _("Python is busy: what is chosen here was not handed over, and comes when the cell is done.")
                options = {**lab_options(run_id() or "", "", channel), "busy": busy}
            self._handed = HandedOver(run_id, channel, every_s)
            written = json.dumps(options, ensure_ascii=False)
            super().__init__(files=_files(), options=written, first=self._handed.first)
            self.on_msg(self._asked)
            if self._handed.live:
                watch = functools.partial(self._handed.watch, self._send_window)
                threading.Thread(target=watch, name="credit-lab-board", daemon=True).start()

        def close(self) -> None:
            """Ends the widget; what is on the page stays as it is."""
            self._handed.end()
            super().close()

        def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
            wanted = content.get("wanted") if isinstance(content, dict) else None
            if isinstance(wanted, dict):
                self._handed.want(wanted, self._send_window)

        def _send_window(self, data: bytes) -> None:
            self.send({"window": True}, [data])

    return BoardWidget
