"""What a page says where it has nothing to show: one sentence with what to do, and the way there."""

from __future__ import annotations

import streamlit as st

from lessons.catalog import lesson
from lessons.i18n import _
from lessons.kit.to_lab import lab_query


def nothing_here(sentence: str, *, icon: str = ":material/science:") -> None:
    """`sentence` is translated: why nothing is here and what to do, in the lab. Below it stands the way there."""
    st.info(sentence, icon=icon)
    lab = lesson("lab")
    st.page_link(lab.path, label=_("Open the lab"), icon=lab.icon, query_params=lab_query())
