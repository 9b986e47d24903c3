"""Details that not everybody needs, behind a fold: a lesson is at most three screens of text (tests/e2e/length.py)."""

from __future__ import annotations

import zlib

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lessons.i18n import _


def more(about: str, *, key: str | None = None) -> DeltaGenerator:
    """A closed fold that says what is in it; `about` is translated and goes on after a colon."""
    aside = st.container(key=f"aside_{key or zlib.crc32(about.encode())}")  # a projector leaves it out
    return aside.expander(_("More: {about}").format(about=about), icon=":material/unfold_more:", key=key)
