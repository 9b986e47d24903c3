"""A button that starts a preset's run by one click, and opens the lab at it.

    leave_for_started(key)                       # first of the page: it goes to the lab where a run was just started
    start_preset("placebo", _("…"), key=key)     # the button, where it belongs

The press is heard by a callback, before the page is drawn, and the page is left at its top. Streamlit cannot leave a
page from inside a callback, and a button that is only reached at the page's end would draw the whole page first.
"""

from __future__ import annotations

import streamlit as st

from core.presets import PRESETS
from core.runs.records import RunInfo
from lessons import shared
from lessons.catalog import lesson
from lessons.i18n import _
from lessons.kit.controls import possible, start, why_not_start
from lessons.kit.display import is_live, plain
from lessons.kit.draft import choose_preset, make_draft
from lessons.kit.starting import under_way
from lessons.kit.to_lab import lab_query


def start_preset(preset: str, label: str, *, key: str, icon: str) -> None:
    """The button. Off, with the reason, where nothing is trained here or a run of this visitor trains already.

    Below it, once, why the last press started nothing.
    """
    draft, off, run = make_draft(preset, {}, "", ()), shared.training_off(), _under_way(key)
    steps = PRESETS[preset].steps
    st.button(
        label,
        icon=icon,
        disabled=not possible(run, draft, training=off is None).start,
        help=why_not_start(run, draft, off) or _("Starts a run of {steps} steps on this machine.").format(steps=steps),
        on_click=_begin,
        args=(preset, key),
        key=key,
    )
    if note := st.session_state.pop(_note(key), None):
        st.error(plain(note, 600), icon=":material/error:")


def leave_for_started(key: str) -> None:
    """Opens the lab at the run that the button of that key has just started."""
    if run_id := st.session_state.pop(_going(key), None):
        st.switch_page(lesson("lab").path, query_params=lab_query({"run": run_id}))


def _begin(preset: str, key: str) -> None:
    """As Start in the lab. The second press of a double one finds the run of the first, and goes there as well."""
    state = st.session_state
    live = _under_way(key)
    if live is not None:
        if (begun := under_way(key)) is not None and begun.id == live.id:
            state[_going(key)] = live.id
        return
    start(key, shared.store(), shared.launcher, make_draft(preset, {}, "", ()))
    if note := state.pop("lab_note", None):
        state[_note(key)] = note
        return
    choose_preset(preset)  # Start in the lab repeats it
    state[_going(key)] = state["lab_run"]


def _under_way(key: str) -> RunInfo | None:
    """The run that this visitor began by this button, or else looks at in the lab, where it trains or waits to."""
    run_id = st.session_state.get("lab_run")
    shown = shared.run_or_none(run_id) if run_id else None
    return under_way(key) or (shown if shown is not None and not shown.recorded and is_live(shown) else None)


def _going(key: str) -> str:
    return f"{key}_going"


def _note(key: str) -> str:
    return f"{key}_note"
