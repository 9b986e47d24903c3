"""Keep what a learner has become: its policy as a Hugging Face folder, which then can be a start model."""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit as st

from core.errors import Message
from core.learners.registry import trains_policy
from core.runs.records import RunInfo
from lessons import shared
from lessons.i18n import _, tell
from lessons.kit.asked_for import ask_for, awaited
from lessons.kit.display import learner_title, literal, plain
from lessons.kit.glossary import say_small
from lessons.kit.isolated import CommandFailed, call


def save_menu(run: RunInfo, key: str) -> None:
    """A button for each learner that was trained here; nothing where no model of the run is on this machine."""
    trained = [x.name for x in run.learners if x.step >= 0 and trains_policy(run.config.learner(x.name))]
    if run.recorded or not trained or shared.training_off() is not None:
        return
    say_small(
        _("Save the trained model: a normal Hugging Face folder, with a card that says how it was made and measured.")
    )
    state_key = f"{key}_saved_{run.id}"
    with st.container(horizontal=True):
        for name in trained:
            label = _("Save {learner}'s model").format(learner=plain(learner_title(name)))
            if st.button(label, icon=":material/save:", key=f"{key}_save_{name}"):
                ask_for(state_key, name, functools.partial(_save, run.id, name))
    _show_outcome(awaited(state_key, _("Reading the newest checkpoint and writing the model…")))


def _save(run_id: str, learner: str) -> str | Message:
    """The model's folder; or why it was not saved."""
    try:
        return call("save", run_id, "--learner", learner).strip().splitlines()[-1]
    except CommandFailed as error:
        return error.message


def _show_outcome(outcome: str | Message | None) -> None:
    if outcome is None:
        return
    if isinstance(outcome, Message):
        st.error(plain(tell(outcome), 400), icon=":material/error:")
        return
    words = _("Saved. Under the name {name} it can be chosen as the start model in the lab's settings. Its folder:")
    st.success(words.format(name=plain(Path(outcome).name)), icon=":material/check_circle:")
    st.code(literal(outcome, 400), language=None, wrap_lines=True)
