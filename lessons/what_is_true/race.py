"""The learner that is told the truth: VinePPO, at one press in a race in the lab."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import needs_of
from core.presets import PRESETS
from lessons import shared
from lessons.catalog import lesson
from lessons.i18n import _, tell
from lessons.kit.controls import start
from lessons.kit.display import plain
from lessons.kit.draft import choose_preset, current_draft
from lessons.kit.glossary import say
from lessons.kit.to_lab import lab_query

PRESET = "chain-sum-vine"


def race() -> None:
    """Starts a run in which a learner takes part whose credit is measured, and goes to the lab, where it is shown."""
    say(
        _(
            "VinePPO measures during training: it writes K = {k} fresh endings of every prefix, and needs no critic. A "
            "response of n tokens takes up to n × {k} continuations. (The paper measures at reasoning steps, K = 9.)"
        ).format(k=needs_of(PRESETS[PRESET].learner("vine")).continuations)
    )
    off = shared.training_off()
    pressed = st.button(
        _("Race PPO, GRPO and VinePPO in the lab"),
        icon=":material/flag:",
        disabled=off is not None,
        help=_("Starts a run of {steps} steps on this machine.").format(steps=PRESETS[PRESET].steps)
        if off is None
        else plain(tell(off)),
        key="truth_race",
    )
    if pressed:
        choose_preset(PRESET)
        st.session_state.pop("lab_run", None)
        start(shared.store(), shared.launcher, current_draft())
        shown = {"run": st.session_state["lab_run"]} if "lab_run" in st.session_state else {}
        st.switch_page(lesson("lab").path, query_params=lab_query({"preset": PRESET, **shown}))
