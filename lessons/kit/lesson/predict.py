"""Commit to an answer first, then see what happens: the surprise is what one remembers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.i18n import _
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson.quiz import Choice
from lessons.kit.present import presenting
from lessons.kit.remembered import Remembered, browser_memory, forget, recall, recall_index, remember


def predict(key: str, question: str, choices: Sequence[Choice], *, about: str = "") -> bool:
    """A prediction by choice; returns whether the outcome may be shown.

    Which choice is right may come from real numbers (`Choice(text, right=measured > 0, reason)`). Once committed the
    answer stands, until the learner asks to predict again. The learner's browser remembers it
    (lessons/kit/remembered.py): a link does not give away anybody's answer, nor the outcome. `about` is what the
    question is about besides its key, such as a run and a step, in no language: an answer is to the question about
    that. Where no choice is right it is not known yet, and nothing may be shown.
    """
    name = _name(key, about)
    box, head = _frame(key)
    with box:
        given = recall_index(name, len(choices))
        if given is None:
            say(question)
            chosen = st.radio(
                question,
                range(len(choices)),
                index=None,
                format_func=lambda i: choices[i].text,
                key=_widget(key),
                label_visibility="collapsed",
            )
            _commit_button(key, name, chosen)
            return False
        _again_button(head, key, name)
        say(question)
        answer = choices[given]
        happened = [x for x in choices if x.right]
        if not happened:
            return _not_yet(answer.text)
        _outcome(answer.text, " / ".join(x.text for x in happened), answer.right)
        reasons = [answer.reason] if answer.right else [answer.reason, *(x.reason for x in happened)]
        say("\n\n".join(said_once(reasons)))
        return True


def predict_number(
    key: str,
    question: str,
    *,
    low: float,
    high: float,
    step: float,
    outcome: float | None,
    tolerance: float,
    reason: str,
    form: str = "%.2f",
    about: str = "",
) -> bool:
    """A prediction on a scale; `outcome` is what really came out, right is what lies within `tolerance` of it.

    None: it is not known yet, and nothing may be shown. `about` as in `predict`.
    """
    name = _name(key, about)
    box, head = _frame(key)
    with box:
        given = recall(name)
        if isinstance(given, str) or given is None or not low <= given <= high:
            middle = low + step * round((high - low) / step / 2)
            say(question)
            chosen = st.slider(
                question,
                float(low),
                float(high),
                float(middle),
                float(step),
                form,
                key=_widget(key),
                label_visibility="collapsed",
            )
            _commit_button(key, name, chosen)
            return False
        _again_button(head, key, name)
        say(question)
        if outcome is None:
            return _not_yet(form % given)
        _outcome(form % given, form % outcome, abs(given - outcome) <= tolerance)
        say(reason)
        return True


def said_once(reasons: Sequence[str]) -> list[str]:
    """The reasons without those that another one says, too."""
    different = [x for x in dict.fromkeys(reasons) if x]
    return [x for x in different if not any(x != other and x in other for other in different)]


def revealed(key: str, about: str = "") -> bool:
    """Whether the learner has committed to an answer."""
    return recall(_name(key, about)) is not None


def _frame(key: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The box of a prediction, and its head, which has the way back: a projector has few lines for an outcome."""
    box = st.container(border=True, key=f"{key}_predict", gap="xsmall" if presenting() else "small")
    with box.container(gap=None):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        with head:
            say_small(":material/psychology: " + _("Predict before you look"), width="content")
        browser_memory(f"{key}_memory")  # where this is drawn in a fragment, the page's own is not
    return box, head


def _name(key: str, about: str) -> str:
    """What the answer is remembered under; `about` may be any text."""
    return f"predict/{key}" + (f".{zlib.crc32(about.encode()):08x}" if about else "")


def _widget(key: str) -> str:
    """A new widget for each try, so that the last try's choice is not preselected."""
    return f"{key}_try{st.session_state.get(f'{key}_tries', 0)}"


def _commit_button(key: str, name: str, chosen: float | None) -> None:
    st.button(
        _("Commit, then show me"),
        type="primary",
        disabled=chosen is None,
        key=f"{key}_commit",
        on_click=_commit,
        args=(name, chosen),
    )


def _commit(name: str, chosen: Remembered) -> None:
    remember(name, chosen)


def _again_button(head: DeltaGenerator, key: str, name: str) -> None:
    head.button(
        _("Predict again"),
        type="tertiary",
        icon=":material/replay:",
        key=f"{key}_again",
        on_click=_again,
        args=(key, name),
    )


def _again(key: str, name: str) -> None:
    forget(name)
    st.session_state[f"{key}_tries"] = st.session_state.get(f"{key}_tries", 0) + 1


def _not_yet(answer: str) -> bool:
    st.info(
        _("You said: {answer}. What happens is not known yet.").format(answer=f"**{answer}**"),
        icon=":material/schedule:",
    )
    return False


def _outcome(answer: str, happened: str, right: bool) -> None:
    as_said = _("You said: {answer}. That is what happened.")
    words = as_said if answer == happened else _("You said: {answer}. What happened: {happened}.")
    sentence = words.format(answer=f"**{answer}**", happened=f"**{happened}**")
    if right:
        st.success(sentence, icon=":material/check:")
    else:
        st.info(sentence, icon=":material/lightbulb:")
