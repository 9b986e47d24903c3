"""Text fields that stand filled in, and that buttons fill in anew.

    text = filled_in(st.text_input, _("Call"), key="vr_call", first=TRIES[1], max_chars=400)
    st.button("…", on_click=fill_in, args=("vr_call", TRIES[2]))

The text is the widget's own default, which stands in every message of it. What is put into `st.session_state` under a
widget's key comes to the browser with one message alone: where the next run begins before that is sent, it is thrown
away, and the field stood empty while the page went on about the text that it should show. So a field that is filled in
anew is a new widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def filled_in(widget: Callable[..., Any], label: str, *, key: str, first: str, **more: Any) -> str:
    """`widget` (st.text_input, st.text_area) with `first` in it, or what was filled in last; the text as it is now."""
    number, text = _state(key) or (0, first)
    return str(widget(label, value=text, key=_widget(key, number), **more))


def fill_in(key: str, text: str) -> None:
    """The field of that key shows this text, whatever was typed into it."""
    before = _state(key)
    st.session_state[f"{key}_filled"] = (before[0] + 1 if before else 1, text)


def typed(key: str) -> str:
    """What stands in the field of that key, for its `on_change`."""
    number, text = _state(key) or (0, "")
    return str(st.session_state.get(_widget(key, number), text))


def _widget(key: str, number: int) -> str:
    return f"{key}_filled_{number}" if number else key


def _state(key: str) -> tuple[int, str] | None:
    """How often the field was filled in anew, and with what last; None: never."""
    state: tuple[int, str] | None = st.session_state.get(f"{key}_filled")
    return state
