"""The learner that is told the truth: VinePPO, ready to race in the lab."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import needs_of
from core.presets import preset
from lessons.catalog import lesson
from lessons.i18n import _, keeping_language
from lessons.kit.draft import choose_preset


def race() -> None:
    """The lab, ready to race a learner whose credit is measured."""
    st.header(_("A learner that is told the truth"))
    st.markdown(
        _(
            "VinePPO measures during training: it writes K = {k} fresh endings of every prefix and needs no critic. It "
            "pays for its credit in generated tokens: a response of n tokens takes up to n × {k} continuations, fewer "
            "where prefixes are equal. (The paper measures at reasoning steps, with K = 9.)"
        ).format(k=needs_of(preset("chain-sum-vine").learner("vine")).continuations)
    )
    if st.button(_("Race PPO, GRPO and VinePPO in the lab"), icon=":material/flag:", key="truth_race"):
        choose_preset("chain-sum-vine")
        st.session_state.pop("lab_run", None)
        st.switch_page(lesson("lab").path, query_params=keeping_language({"preset": "chain-sum-vine"}))
    st.markdown(_("On the command line: `python -m core train --preset chain-sum-vine`"))
