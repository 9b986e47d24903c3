"""A button that opens the lab with a preset's run set up."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lessons.catalog import lesson
from lessons.kit.draft import choose_preset, current_draft, parameters, type_over
from lessons.kit.fields import Typed
from lessons.kit.to_lab import lab_query


def race_in_lab(
    preset: str,
    label: str,
    *,
    key: str,
    icon: str = ":material/flag:",
    typed: Mapping[str, Typed] | None = None,
    quiet: bool = False,
) -> None:
    """Opens the lab with the preset's settings and what is typed over them; the run shown there before is left.

    `quiet`: it looks like a link, beside a button that does more.
    """
    if st.button(label, icon=icon, key=key, type="tertiary" if quiet else "secondary"):
        choose_preset(preset)
        type_over(typed or {})
        st.session_state.pop("lab_run", None)
        query = {"preset": preset, **parameters(current_draft())}
        st.switch_page(lesson("lab").path, query_params=lab_query(query))
