"""Runs that cannot be opened, as another version of the app made them or they are damaged: what pages say of them."""

from __future__ import annotations

import streamlit as st

from core.runs.records import UnreadableRun
from lessons.i18n import _, tell
from lessons.kit.display import plain


def word(run: UnreadableRun) -> str:
    """What stands where other runs have their state."""
    return _("damaged") if run.damaged else _("made by another version")


def sentence(run: UnreadableRun) -> str:
    """Why it cannot be opened; Markdown."""
    problem = plain(tell(run.problem), 300)
    if run.damaged:
        words = _("The run “{run}” cannot be opened: {problem}.")
    elif run.made_by is None:
        words = _("Another version of the app made the run “{run}”, and this one cannot open it: {problem}.")
    else:
        words = _(
            "Another version of the app ({version}) made the run “{run}”, and this one cannot open it: {problem}."
        )
    return words.format(run=plain(run.name, 60), version=plain(run.made_by or "", 40), problem=problem)


def notice(run: UnreadableRun) -> None:
    """The sentence, on any page."""
    st.warning(sentence(run), icon=":material/broken_image:" if run.damaged else ":material/history_toggle_off:")
