"""Commit to an answer first, then see what happens: the surprise is what one remembers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lessons.i18n import _
from lessons.kit.lesson.quiz import Choice


def predict(key: str, question: str, choices: Sequence[Choice]) -> bool:
    """A prediction by choice; returns whether the outcome may be shown.

    Which choice is right may come from real numbers (`Choice(text, right=measured > 0, reason)`). Once committed the
    answer stands, until the learner asks to predict again. It lives in the session alone: a link does not give away
    anybody's answer, nor the outcome. Where no choice is right it is not known yet, and nothing may be shown.
    """
    with _frame(key):
        given = _given(key)
        if given is None:
            chosen = st.radio(
                question, range(len(choices)), index=None, format_func=lambda i: choices[i].text, key=_widget(key)
            )
            _commit_button(key, chosen)
            return False
        st.markdown(question)
        answer = choices[int(given)]
        happened = [x for x in choices if x.right]
        if not happened:
            return _not_yet(key, answer.text)
        _outcome(answer.text, " / ".join(x.text for x in happened), answer.right)
        st.markdown(answer.reason if answer.right else "\n\n".join([answer.reason, *(x.reason for x in happened)]))
        _again_button(key)
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
) -> bool:
    """A prediction on a scale; `outcome` is what really came out, right is what lies within `tolerance` of it.

    None: it is not known yet, and nothing may be shown.
    """
    with _frame(key):
        given = _given(key)
        if given is None:
            middle = low + step * round((high - low) / step / 2)
            chosen = st.slider(question, float(low), float(high), float(middle), float(step), form, key=_widget(key))
            _commit_button(key, chosen)
            return False
        st.markdown(question)
        if outcome is None:
            return _not_yet(key, form % given)
        _outcome(form % given, form % outcome, abs(given - outcome) <= tolerance)
        st.markdown(reason)
        _again_button(key)
        return True


def revealed(key: str) -> bool:
    """Whether the learner has committed to an answer."""
    return _given(key) is not None


def _frame(key: str) -> st.delta_generator.DeltaGenerator:
    box = st.container(border=True, key=f"{key}_predict")
    box.caption(":material/psychology: " + _("Predict before you look"))
    return box


def _given(key: str) -> float | None:
    given = st.session_state.get(f"{key}_given")
    return None if given is None else float(given)


def _widget(key: str) -> str:
    """A new widget for each try, so that the last try's choice is not preselected."""
    return f"{key}_try{st.session_state.get(f'{key}_tries', 0)}"


def _commit_button(key: str, chosen: float | None) -> None:
    st.button(
        _("Commit, then show me"),
        type="primary",
        disabled=chosen is None,
        key=f"{key}_commit",
        on_click=_commit,
        args=(key, chosen),
    )


def _commit(key: str, chosen: float) -> None:
    st.session_state[f"{key}_given"] = chosen


def _again_button(key: str) -> None:
    st.button(
        _("Predict again"), type="tertiary", icon=":material/replay:", key=f"{key}_again", on_click=_again, args=(key,)
    )


def _again(key: str) -> None:
    st.session_state.pop(f"{key}_given", None)
    st.session_state[f"{key}_tries"] = st.session_state.get(f"{key}_tries", 0) + 1


def _not_yet(key: str, answer: str) -> bool:
    st.info(
        _("You said: {said}. What happens is not known yet.").format(said=f"**{answer}**"), icon=":material/schedule:"
    )
    _again_button(key)
    return False


def _outcome(answer: str, happened: str, right: bool) -> None:
    words = _("You said: {said}. What happened: {happened}.")
    sentence = words.format(said=f"**{answer}**", happened=f"**{happened}**")
    if right:
        st.success(sentence, icon=":material/check:")
    else:
        st.info(sentence, icon=":material/lightbulb:")
