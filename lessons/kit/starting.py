"""Where pages start runs: every button does it by this, and the second press of a double one starts no second run.

    run_id = start_run("rm_policy", config, title)

A double press is heard twice before the button is drawn anew, off or on another page. So a button whose run still
trains or waits, and that is to start the very same once more, gives that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.config import RunConfig
from core.rewards.preferences import Preference
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.workers.launcher import Launcher
from core.workers.limits import RunLimits
from lessons import shared
from lessons.kit.display import is_live


def start_run(
    by: str,
    config: RunConfig,
    title: str | None = None,
    preferences: Sequence[Preference] = (),
    *,
    store: RunStore | None = None,
    launch: Callable[[], Launcher] | None = None,
    show: bool = False,
) -> str:
    """Writes a run down and starts its learners, for the button of the key `by`; its id, or that of the same run where
    this goes on already.

    `show`: the lab shows it, also one that was written down and then could not be started.

    Raises what the limits, the store and the launcher refuse with.
    """
    before = under_way(by)
    if before is not None and before.config == config:
        if show:
            st.session_state["lab_run"] = before.id
        return before.id
    runs = store or shared.store()
    RunLimits.of_server().check(config, runs)  # before a run is written down
    run_id: str = runs.create(config, title, preferences=preferences)
    if show:
        st.session_state["lab_run"] = run_id
    (launch or shared.launcher)().start(run_id)
    st.session_state[_begun(by)] = run_id
    return run_id


def under_way(by: str) -> RunInfo | None:
    """The run that this visitor started by that button last, where it trains or waits to."""
    run_id = started_by(by)
    run = shared.run_or_none(run_id) if run_id else None
    return run if run is not None and is_live(run) else None


def started_by(by: str) -> str | None:
    """The id of the run that this visitor started by that button last."""
    run_id: str | None = st.session_state.get(_begun(by))
    return run_id


def _begun(by: str) -> str:
    return f"{by}_begun"
