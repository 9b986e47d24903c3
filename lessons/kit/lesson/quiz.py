"""A short check: questions with reasons for every choice. Nothing is counted against anybody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lessons.i18n import _, ngettext
from lessons.kit.glossary import say, say_small
from lessons.kit.remembered import browser_memory, recall, recall_index, remember


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
    """Draws the questions; feedback comes with the choice, and another choice may be tried at any time.

    The learner's browser remembers the choices (lessons/kit/remembered.py), and as progress/`key` how many are right.
    """
    st.header(_("Check yourself"))
    st.fragment(_questions)(key, questions)


def progress(key: str) -> tuple[int, int] | None:
    """(right, all) of a quiz, as this browser remembers it; None where nothing was answered."""
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})", str(recall(f"progress/{key}")), re.ASCII)
    right, count = (int(match[1]), int(match[2])) if match else (1, 0)
    return (right, count) if right <= count else None


def _questions(key: str, questions: Sequence[QuizQuestion]) -> None:
    answers = []
    for n, question in enumerate(questions, 1):
        if n % 2:
            pair = st.columns(2)
        with pair[(n - 1) % 2]:
            answers.append(_question(f"{key}_{n}", n, question))
    count, right = len(questions), sum(x is True for x in answers)
    with st.container(key=f"{key}_score", gap=None):
        if all(x is None for x in answers):
            words = ngettext(
                "{count} question; each choice says why.", "{count} questions; each choice says why.", count
            )
            say_small(words.format(count=count))
        else:
            say(_("**{right} of {all}** answered right.").format(right=right, all=count))
            remember(f"progress/{key}", f"{right}/{count}")
        browser_memory(f"{key}_memory")


def _order(choices: Sequence[Choice], number: int) -> list[int]:
    """The order in which the choices are shown. Where the right one was written first, its place differs from question
    to question, so that "the first one" is no answer; any other order is its author's.
    """
    shift = number % len(choices) if choices[0].right else 0
    places = list(range(len(choices)))
    return places[shift:] + places[:shift]


def _question(key: str, number: int, question: QuizQuestion) -> bool | None:
    """Draws one question; returns whether it is answered right, None where it is not answered yet."""
    with st.container(border=True, key=f"{key}_box"):
        # As remembered, however that came about: chosen here, in another language, or at an earlier visit.
        st.session_state[key] = recall_index(f"quiz/{key}", len(question.choices))
        say(rf"{number}\. {question.text}")
        chosen = st.radio(
            f"{number}. {question.text}",
            _order(question.choices, number),
            index=None,
            format_func=lambda i: question.choices[i].text,
            key=key,
            on_change=_chosen,
            args=(key,),
            label_visibility="collapsed",
        )
        if chosen is None:
            return None
        answer = question.choices[chosen]
        if not answer.right:
            st.warning(_("Not this one. {reason}").format(reason=answer.reason), icon=":material/close:")
            return False
        st.success(_("Right. {reason}").format(reason=answer.reason), icon=":material/check:")
        others = [x for x in question.choices if not x.right]
        say_small("\n".join(f"- *{x.text}* – {x.reason}" for x in others))
        return True


def _chosen(key: str) -> None:
    remember(f"quiz/{key}", st.session_state[key])
