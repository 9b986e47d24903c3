"""A part of a page that a projector has no screen for: it has nothing to look at, yet or there."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def no_screen(key: str) -> DeltaGenerator:
    """A container for what such a part says: when it comes, such as after a prediction, or what is behind its fold.

    Present mode turns past the part that it stands in; loader/parts.mjs knows it by the ending of its key.
    """
    return st.container(key=f"{key}_no_screen")
