"""Formulas on pages, and the colours by role that they have in common with strips and charts."""

from __future__ import annotations

import re

import streamlit as st

from lessons.i18n import _

#: Colours by role, light and dark; learners' are those of their kinds (figure.py).
ROLES = {
    "truth": ("#00704f", "#4fd0ac"),
    "positive": ("#1b7837", "#7fd08d"),
    "negative": ("#762a83", "#d9a3e6"),
    "accent": ("#1a5fb4", "#85b8f8"),
    "plain": ("#1c2330", "#e6e9ef"),
}


def role_colour(role: str) -> str:
    """The colour of a role in the viewer's theme, as #rrggbb."""
    return ROLES[role][st.context.theme.type == "dark"]


#: What stands in \text{…} of a formula as a name, and stays; all else there is words, which core marks as messages.
NAMES = frozenset({"old", "ref"})
_TEXT = re.compile(r"\\text\{( ?)([^{}]*?)( ?)\}")


def worded(latex: str) -> str:
    """A formula that core wrote, with its words in the viewer's language."""

    def in_words(text: re.Match[str]) -> str:
        word = text[2]
        return rf"\text{{{text[1]}{word if word in NAMES else _(word)}{text[3]}}}"

    return _TEXT.sub(in_words, latex)


def equation(latex: str) -> None:
    """st.latex, with a little room on both sides: without it some formulas are 2 pixels wider than their box, which
    then scrolls and cannot be reached from the keyboard.
    """
    st.latex(rf"\;{latex}\;")


def with_symbols(text: str) -> str:
    """Markdown in which the policies that a short text names are typeset: π_θ, π_old, π_ref."""
    names = {"θ": r"\theta", "old": r"{\text{old}}", "ref": r"{\text{ref}}"}
    return re.sub(rf"π_({'|'.join(names)})\b", lambda match: rf"$\pi_{names[match[1]]}$", text)
