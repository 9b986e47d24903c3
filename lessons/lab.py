"""The lab: train PPO and GRPO side by side, stop, rewind, take apart. The board itself draws in the browser."""

from __future__ import annotations

import streamlit as st

from core.runs.errors import RunNotFound
from core.runs.records import RunInfo
from core.runs.store import RunStore
from lessons.parts.chrome import storage_guard
from lessons.parts.controls import control_row
from lessons.parts.draft import current_draft, parameters, write_link
from lessons.parts.export import export_menu
from lessons.parts.history import events_table, run_picker, show_run
from lessons.parts.i18n import _
from lessons.parts.live import lab_view
from lessons.parts.sentences import translate
from lessons.parts.settings import settings_drawer
from lessons.parts.words import plain
from lessons.server import launcher, store, training_allowed

RECORDED = "recorded-chain-sum"


def wanted() -> str:
    """The run that the link names, else the one that this session was looking at, else the recorded one."""
    linked = st.query_params.get("run")
    if linked is not None:
        st.session_state["lab_run"] = linked
    return st.session_state.get("lab_run") or RECORDED


def find(runs: RunStore, run_id: str) -> RunInfo | None:
    """The run to show; None, and a sentence on the page, where there is nothing to show."""
    try:
        return runs.get(run_id)
    except RunNotFound:
        if run_id == RECORDED:
            return None
        st.warning(
            _("There is no run “{run}” here. It may have been deleted, or the link is from another computer.").format(
                run=plain(run_id, 60)
            ),
            icon=":material/link_off:",
        )
        st.button(_("Show the recorded run instead"), on_click=show_run, args=(RECORDED,), key="lab_recorded")
        return None


def state(run: RunInfo | None, training: bool) -> None:
    """What a person needs to know about this run before looking at its numbers."""
    if note := st.session_state.pop("lab_note", None):
        st.error(plain(note[1], 600), icon=":material/error:")
    if run is None:
        return
    if run.recorded:
        st.caption(
            _("This is a recorded run, so that there is something to look at. Start makes a new one, on this machine.")
            if training
            else _("This is a recorded run. Training is switched off on this server.")
        )
    reason = plain(translate(run.reason), 600) if run.reason else ""
    if run.status == "failed":
        kept = _("Failed: {reason} Everything up to the last step is kept; Resume continues from the last checkpoint.")
        st.error(kept.format(reason=reason or _("no reason was left behind.")), icon=":material/error:")
    elif run.status == "queued" and reason:
        st.info(reason, icon=":material/hourglass_empty:")
    for learner in run.learners:
        if learner.warning:
            warning = plain(translate(learner.warning), 400)
            st.warning(f"{plain(learner.name.upper())}: {warning}", icon=":material/warning:")


def page() -> None:
    runs, training = store(), training_allowed()
    draft = current_draft()
    run_id = wanted()
    with st.container(horizontal=True, vertical_alignment="center", key="lab_controls"):
        row = st.container(horizontal=True)
        with st.popover(_("Export"), icon=":material/download:", key="lab_export"):
            export_place = st.container()
        with st.popover(_("Previous runs"), icon=":material/history:", key="lab_previous"):
            picker_place = st.container()
    run = find(runs, run_id)
    write_link({**parameters(draft), **({"run": run_id} if run_id != RECORDED else {})})
    with row:
        control_row(run, draft, runs, launcher, training)
    settings_drawer(draft, run, runs)
    state(run, training)
    with picker_place:
        run_picker(runs.runs(), run)
    if run is None:
        if run_id == RECORDED:
            st.info(_("No run yet. Press Start: two learners begin on the same questions, and draw here."))
        with export_place:
            st.caption(_("There is nothing to export yet."))
        return
    with export_place:
        export_menu(run, runs, key="lab_export")
    lab_view(run.id, key="lab")
    with st.expander(_("What happened in this run"), icon=":material/list:", key="lab_events"):
        events_table(runs.events(run.id))


st.title(_("Lab"))
st.markdown(
    _("Two learners, one start, the same prompts. Which of them knows *which token* ruined the answer?"),
    width="content",
)
with storage_guard():
    page()
