"""A short check: questions with reasons for every choice. Nothing is counted against anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lessons.i18n import _


@dataclass(frozen=True)
class Choice:
    """One possible answer. Markdown, already translated; `reason` says why it is right or why not."""

    text: str
    right: bool
    reason: str


@dataclass(frozen=True)
class QuizQuestion:
    """Exactly one of the choices is right."""

    text: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        if sum(x.right for x in self.choices) != 1:
            raise ValueError(f"exactly one choice of {self.text!r} must be right")


def quiz(key: str, questions: Sequence[QuizQuestion]) -> None:
    """Draws the questions; feedback comes with the choice, and another choice may be tried at any time."""
    st.header(_("Check yourself"))
    st.fragment(_questions)(key, questions)


def _questions(key: str, questions: Sequence[QuizQuestion]) -> None:
    right = sum(_question(f"{key}_{n}", n, question) for n, question in enumerate(questions, 1))
    with st.container(key=f"{key}_score"):
        st.markdown(_("**{right} of {all}** answered right.").format(right=right, all=len(questions)))


def _order(choices: Sequence[Choice], number: int) -> list[int]:
    """In which order the choices are shown. Where the right one was written first, the place is another from question
    to question, so that "the first one" is no answer; any other order is its author's.
    """
    shift = number % len(choices) if choices[0].right else 0
    places = list(range(len(choices)))
    return places[shift:] + places[:shift]


def _question(key: str, number: int, question: QuizQuestion) -> bool:
    """Draws one question; returns whether it is answered right."""
    with st.container(border=True, key=f"{key}_box"):
        chosen = st.radio(
            f"{number}. {question.text}",
            _order(question.choices, number),
            index=None,
            format_func=lambda i: question.choices[i].text,
            key=key,
        )
        if chosen is None:
            return False
        answer = question.choices[chosen]
        if not answer.right:
            st.warning(_("Not this one. {reason}").format(reason=answer.reason), icon=":material/close:")
            return False
        st.success(_("Right. {reason}").format(reason=answer.reason), icon=":material/check:")
        others = [x for x in question.choices if not x.right]
        st.caption("\n".join(f"- *{x.text}* — {x.reason}" for x in others))
        return True
