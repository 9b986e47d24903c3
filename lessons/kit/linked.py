"""Choices that live in the link under a name that is the same in every language.

(A widget bound to the URL by Streamlit writes what its `format_func` shows, which is translated.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def linked(widget: Callable[..., Any], label: str, options: Sequence[str], *, key: str, first: str, **more: Any) -> str:
    """`widget` (st.selectbox, st.select_slider, st.segmented_control) over `options`; the choice is in `?key=`.

    What the link names and does not exist is taken for `first`, which the link leaves out. A second click on a segment
    that is chosen leaves it so: a double click chose the first one.
    """
    if getattr(widget, "__name__", "") == "segmented_control":
        more.setdefault("required", True)
    given = st.query_params.get(key, first)
    st.session_state[key] = given if given in options else first

    def keep() -> None:
        chosen = st.session_state[key]
        if chosen is None or chosen == first:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = chosen

    chosen = widget(label, list(options), key=key, on_change=keep, **more)
    return first if chosen is None else str(chosen)
