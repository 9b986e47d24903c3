"""The learner that is told the truth: VinePPO, ready to race in the lab."""

from __future__ import annotations

import streamlit as st

from lessons.catalog import lesson
from lessons.i18n import _, keeping_language
from lessons.kit.draft import choose_preset


def race() -> None:
    """The lab, ready to race a learner whose credit is measured."""
    st.header(_("A learner that is told the truth"))
    st.markdown(
        _(
            "VinePPO asks the oracle during training: it writes K = 8 fresh endings of every prefix and needs no "
            "critic. It pays for its credit in generated tokens."
        )
    )
    if st.button(_("Race PPO, GRPO and VinePPO in the lab"), icon=":material/flag:", key="truth_race"):
        choose_preset("chain-sum-vine")
        st.session_state.pop("lab_run", None)
        st.switch_page(lesson("lab").path, query_params=keeping_language({"preset": "chain-sum-vine"}))
    st.markdown(_("On the command line: `python -m core train --preset chain-sum-vine`"))
