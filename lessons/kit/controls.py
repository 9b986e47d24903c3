"""Start, pause, one step, stop: what can be pressed follows from the run's state, and each press says what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.errors import Message, Refusal
from core.runs.errors import RunNotFound, StoreError
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.workers.launcher import Launcher, LauncherError
from lessons.i18n import _, tell
from lessons.kit.chooser import source_title
from lessons.kit.display import is_live, plain
from lessons.kit.draft import Draft
from lessons.kit.preset_texts import preset_title
from lessons.kit.starting import start_run


@dataclass(frozen=True)
class Possible:
    """Which buttons make sense now."""

    start: bool
    pause: bool
    resume: bool
    step: bool
    stop: bool


def possible(run: RunInfo | None, draft: Draft, training: bool) -> Possible:
    """Follows from the run's state alone, so that it can be tested without a page."""
    ours = run is not None and not run.recorded and training
    status = run.status if run is not None and ours else None
    active = run is not None and is_live(run)
    return Possible(
        start=training and draft.config is not None and not (ours and active),
        pause=status in ("queued", "running"),  # who still waits pauses before the first step
        resume=status in ("paused", "stopped", "failed"),
        step=status == "paused",
        stop=bool(ours and active),
    )


def control_row(
    run: RunInfo | None, draft: Draft, store: RunStore, launch: Callable[[], Launcher], off: Message | None
) -> None:
    """The row of buttons. Presses are handled before the page is drawn, so it always shows what holds now."""
    can = possible(run, draft, training=off is None)
    title = draft_title(draft)
    st.button(
        _("Start: {preset}").format(preset=title),
        type="primary",
        icon=":material/play_arrow:",
        shortcut="S",
        disabled=not can.start,
        help=why_not_start(run, draft, off),
        on_click=_start_here,
        args=(store, launch, draft),
        key="lab_start",
    )
    run_id = run.id if run is not None else ""
    if can.resume:
        again = run is not None and run.status != "paused"
        st.button(
            _("Resume"),
            icon=":material/resume:",
            shortcut="P",
            on_click=resume if again else ask,
            args=(launch, run_id) if again else (store, run_id, "resume"),
            key="lab_resume",
        )
    else:
        st.button(
            _("Pause"),
            icon=":material/pause:",
            shortcut="P",
            disabled=not can.pause,
            on_click=ask,
            args=(store, run_id, "pause"),
            key="lab_pause",
        )
    st.button(
        _("One step"),
        icon=":material/step:",
        shortcut="N",
        disabled=not can.step,
        help=_("While paused: each learner makes one step and pauses again."),
        on_click=ask,
        args=(store, run_id, "step"),
        key="lab_step",
    )
    st.button(
        _("Stop"),
        icon=":material/stop:",
        shortcut="X",
        disabled=not can.stop or pending(run) == "stop",
        help=_("Ends the learners' processes. A stopped run can be resumed."),
        on_click=ask,
        args=(store, run_id, "stop"),
        key="lab_stop",
    )


def draft_title(draft: Draft) -> str:
    """What the next run trains on, in a few words; Markdown."""
    if draft.asks_preset:
        return preset_title(draft.preset)
    return plain(f"{draft.base.model} · {source_title(draft.base, draft.asks)}", 60)


def why_not_start(run: RunInfo | None, draft: Draft, off: Message | None) -> str | None:
    """Why nothing can be started, beside this run; Markdown. None where it can."""
    if off is not None:
        return plain(tell(off))
    if draft.config is None:
        return _("A setting cannot be as it is; see Settings.")
    if run is not None and not run.recorded and run.active:
        return _("Stop the run under way first: two at once would slow each other down.")
    return None


def start(by: str, store: RunStore, launch: Callable[[], Launcher], draft: Draft) -> None:
    """Start the draft's run for the button of the key `by`, and show it."""
    if draft.config is None:
        return
    with noted():
        start_run(by, draft.config, store=store, launch=launch, show=True)


def _start_here(store: RunStore, launch: Callable[[], Launcher], draft: Draft) -> None:
    """Start, in the lab, whose link may name a run that is over, which would be shown again."""
    start("lab_start", store, launch, draft)
    st.query_params.pop("run", None)


def resume(launch: Callable[[], Launcher], run_id: str) -> None:
    """Continue a stopped or failed run: each learner from its last checkpoint, or anew where none was written."""
    with noted():
        launch().resume(run_id)


def ask(store: RunStore, run_id: str, kind: str, note: str = "lab_note") -> None:
    """Ask the run's workers; they answer between two steps. `note`: where a sentence on what failed is left."""
    with noted(note):
        store.control(run_id, kind)
        words = {"resume": _("Asked to go on."), "step": _("Asked for one step.")}
        if kind in words:  # a pause and a stop are said until they have happened: a toast outlives that
            st.toast(words[kind], icon=":material/schedule:")
        st.session_state["lab_pending"] = (run_id, kind)


def pending(run: RunInfo | None) -> str | None:
    """What was asked of this run in this session and has not happened yet: "stop" or "pause"; steps may be long."""
    run_id, kind = st.session_state.get("lab_pending", ("", ""))
    if run is None or run.id != run_id:
        return None
    waiting = {"stop": is_live(run), "pause": run.status in ("queued", "running")}
    return kind if waiting.get(kind) else None


class noted:
    """A press that fails leaves its sentence for the page, which is drawn right after, in the session under `key`."""

    def __init__(self, key: str = "lab_note") -> None:
        self.key = key

    def __enter__(self) -> None:
        st.session_state.pop(self.key, None)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, (StoreError, RunNotFound, LauncherError, OSError, ValueError)):
            st.session_state[self.key] = tell(error.message.without_folders() if isinstance(error, Refusal) else error)
            return True
        return False
