"""What a lesson shows of a run that may be going on: drawn again while it does, and the whole page when it turns.

    watched(current, draw)

A fragment asks for the run anew every second as long as it is live. What stands around it on the page (buttons, the
next section) says something else once the run begins, ends or is deleted, here or elsewhere: then all of it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import streamlit as st

from core.runs.records import RunInfo
from lessons.kit.chrome import storage_guard
from lessons.kit.display import is_live

#: The run that is meant now, whatever it was when the page was drawn; None where there is none any more.
Current = Callable[[], RunInfo | None]


def watched(
    current: Current,
    draw: Callable[[RunInfo | None], None],
    *,
    every: float = 1.0,
    stage: Callable[[RunInfo], Hashable] = is_live,
) -> None:
    """Calls `draw` with the run, now and every `every` seconds while it is live.

    `stage`: what of the run the rest of the page depends on; when that changes, or the run is gone, all is run anew.
    What the store fails with becomes a sentence in the fragment's place.
    """
    run = current()
    polled = run is not None and is_live(run)
    st.fragment(_look, run_every=every if polled else None)(current, draw, stage, _at(run, stage))


def _look(
    current: Current, draw: Callable[[RunInfo | None], None], stage: Callable[[RunInfo], Hashable], before: Hashable
) -> None:
    with storage_guard():
        run = current()
        if _at(run, stage) != before:
            st.rerun()
        draw(run)


def _at(run: RunInfo | None, stage: Callable[[RunInfo], Hashable]) -> Hashable:
    return None if run is None else (run.id, stage(run))
