"""The learner chooses the data of a run, and takes them to the lab."""

from __future__ import annotations

import streamlit as st

from core.presets import PRESETS
from lessons.i18n import _
from lessons.kit.preset_race import race_in_lab

PRESET = "chain-sum"


def own_data() -> None:
    """Controls for each thing that can be done to the data, and a button that sets the lab up with them."""
    left, right = st.columns(2)
    with left:
        wrong = st.slider(_("Wrong ground truths"), 0, 40, 0, 5, "%d %%", key="data_wrong", persist_state="session")
        repeated = st.slider(
            _("Repeated questions"), 0, 90, 0, 10, "%d %%", key="data_repeated", persist_state="session"
        )
        leaked = st.slider(
            _("Held-out questions among those trained on"),
            0,
            100,
            0,
            10,
            "%d %%",
            key="data_leaked",
            persist_state="session",
        )
    with right:
        few = st.select_slider(
            _("Different questions"),
            [4, 16, 64, 256, None],
            None,
            format_func=lambda x: _("always new ones") if x is None else str(x),
            key="data_few",
            persist_state="session",
        )
        low, high = st.slider(
            _("How often the start model answers them right"),
            0,
            100,
            (0, 100),
            5,
            "%d %%",
            key="data_band",
            persist_state="session",
        )
    chosen = {
        "wrong_truths": wrong / 100,
        "repeated_questions": repeated / 100,
        "leaked_questions": leaked / 100,
        "distinct_questions": few,
        "success_from": low / 100,
        "success_to": high / 100,
    }
    base = PRESETS[PRESET]
    typed = {name: _typed(value) for name, value in chosen.items() if value != getattr(base, name)}
    label = _("Open the lab with these data")
    race_in_lab(PRESET, label, key="data_lab", icon=":material/science:", typed=typed)


def _typed(value: float | int | None) -> str:
    return "none" if value is None else f"{value:g}"
