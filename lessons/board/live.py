"""The live lab of one run: one keyed component that draws by itself, pulling from this server (see lessons/server.py).

Where the browser cannot reach those addresses (some hosts serve only Streamlit itself), the component says so once, and
from then on a fragment hands over whole windows of data through Streamlit. Its messages are stateless: what a slow
browser misses is in the next one.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from lessons.board.assets import base_path, inline_files, loader, version
from lessons.board.component import component_key
from lessons.board.options import lab_options

_lab = st.components.v2.component("credit_lab_live", js=loader("lab"))
_pump = st.components.v2.component("credit_lab_pump", js=loader("pump"))


def lab_view(run_id: str, status: str, *, key: str = "lab", fallback: bool = False) -> Any:
    """Mounts the live lab of a run. `result.status_changed` is a trigger: the run's new status, when it changes.

    `status` is the one that the rest of the page was drawn with; the first other one that the browser hears is news.
    `fallback` forces the way through Streamlit; otherwise it is taken once the browser has found no other.
    """
    inline = fallback or bool(_state(key).get("fallback"))
    where = {"base": base_path(), "version": version()}
    options = {**lab_options(run_id, status, f"credit-lab:{key}"), **where}
    if inline:
        options["files"] = inline_files()
    result = _lab(
        key=component_key(key),
        data=json.dumps(options, ensure_ascii=False).encode(),
        on_fallback_change=_nothing,
        on_status_changed_change=_nothing,
    )
    if inline:
        _pump_while_live(run_id, key)
    return result


def _pump_while_live(run_id: str, key: str) -> None:
    from lessons.board.window import window

    live = window(run_id, {}).live
    paused = bool(_wanted(key).get("paused"))

    def tick() -> None:
        wanted = _wanted(key)
        now = window(run_id, wanted)
        _pump(key=component_key(f"{key}_pump"), data=now.data(f"credit-lab:{key}"), on_wanted_change=_nothing)
        if now.live != live or bool(wanted.get("paused")) != paused:
            st.rerun()  # the page's buttons change with the run's status, and so does the timer

    st.fragment(tick, run_every=1.0 if live and not paused else None)()


def _state(key: str) -> dict[str, Any]:
    state = st.session_state.get(component_key(key))
    return dict(state) if state else {}


def _wanted(key: str) -> dict[str, Any]:
    wanted = _state(f"{key}_pump").get("wanted")
    return wanted if isinstance(wanted, dict) else {}


def _nothing() -> None:
    """A component's values exist in its result only if somebody listens."""
