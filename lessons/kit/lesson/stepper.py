"""Walking through one training step, sub-step by sub-step, forward and back; the place is in the link (`?sub=`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lessons.i18n import _
from lessons.kit.glossary import say


@dataclass(frozen=True)
class Sub:
    """One sub-step. `parts` is how many presses it takes (a recursion is filled in token by token)."""

    key: str  # in the link: lower case, no dot
    title: str  # translated
    parts: int = 1


@dataclass(frozen=True)
class Place:
    """Where the learner is: sub-step `number` (from 1) called `key`, and how much of it has been done (1…parts)."""

    key: str
    number: int
    part: int


def stepper(subs: Sequence[Sub], *, key: str, param: str = "sub", shortcuts: bool = True, jump: bool = True) -> Place:
    """Draws back, on, progress and a way to jump; returns the place. Put it and what it shows into one fragment.

    With `shortcuts`, N goes on and B goes back from the keyboard: one stepper of a page may have them.
    """
    place = where(subs, param)
    at = place.number - 1
    total = len(subs)
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_buttons"):
        first, last = at == 0 and place.part == 1, at == total - 1 and place.part == subs[at].parts
        st.button(
            _("Back"),
            icon=":material/arrow_back:",
            shortcut="B" if shortcuts else None,
            disabled=first,
            key=f"{key}_back",
            on_click=_go,
            args=(subs, param, -1),
        )
        st.button(
            _("Next"),
            icon=":material/arrow_forward:",
            shortcut="N" if shortcuts else None,
            type="primary",
            disabled=last,
            key=f"{key}_next",
            on_click=_go,
            args=(subs, param, 1),
        )
        if place.part < subs[at].parts:
            st.button(
                _("Fill in the rest"),
                icon=":material/fast_forward:",
                type="tertiary",
                key=f"{key}_rest",
                on_click=_write,
                args=(subs[at], subs[at].parts, param),
            )
        say(_("**{number} of {total}** · {title}").format(number=at + 1, total=total, title=subs[at].title))
    if jump:
        _menu(subs, place, key, param)
    return place


def where(subs: Sequence[Sub], param: str = "sub") -> Place:
    """The place that the link names; the beginning if it names none."""
    name, _dot, part = st.query_params.get(param, "").partition(".")
    number = next((n for n, sub in enumerate(subs, 1) if sub.key == name), None)
    if number is None:
        return Place(subs[0].key, 1, 1)
    whole = part.isascii() and part.isdecimal() and len(part) < 6
    return Place(name, number, min(max(1, int(part)), subs[number - 1].parts) if whole else 1)


def _menu(subs: Sequence[Sub], place: Place, key: str, param: str) -> None:
    st.session_state[f"{key}_jump"] = place.key
    titles = {sub.key: f"{n}. {sub.title}" for n, sub in enumerate(subs, 1)}
    st.selectbox(  # not pills: in the dark theme the chosen one has too little contrast
        _("Sub-steps"),
        list(titles),
        format_func=titles.__getitem__,
        key=f"{key}_jump",
        width=340,
        on_change=_jump,
        args=(subs, param, f"{key}_jump"),
    )


def _go(subs: Sequence[Sub], param: str, way: int) -> None:
    place = where(subs, param)
    at, part = place.number - 1, place.part + way
    if part < 1 and at > 0:
        at, part = at - 1, subs[at - 1].parts
    elif part > subs[at].parts and at + 1 < len(subs):
        at, part = at + 1, 1
    _write(subs[at], min(max(1, part), subs[at].parts), param)


def _jump(subs: Sequence[Sub], param: str, widget: str) -> None:
    chosen = st.session_state[widget]
    for sub in subs:
        if sub.key == chosen:
            _write(sub, 1, param)


def _write(sub: Sub, part: int, param: str) -> None:
    st.query_params[param] = f"{sub.key}.{part}" if part > 1 else sub.key
