"""A button that opens the lab with a preset's run set up."""

from __future__ import annotations

import streamlit as st

from lessons.catalog import lesson
from lessons.i18n import keeping_language
from lessons.kit.draft import choose_preset


def race_in_lab(preset: str, label: str, *, key: str, icon: str = ":material/flag:") -> None:
    """Opens the lab with the preset's settings; the run shown there before is left."""
    if st.button(label, icon=icon, key=key):
        choose_preset(preset)
        st.session_state.pop("lab_run", None)
        st.switch_page(lesson("lab").path, query_params=keeping_language({"preset": preset}))
