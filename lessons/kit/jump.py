"""Links to a part of the same page that is drawn for them: the page shows another topic, and scrolls to its numbers.

    st.page_link(path, label=…, query_params={"topic": key, **jump.PARAMETER})   # wherever it belongs
    jump.here("data_measured")                                                   # last: where such links lead

A link to an anchor would do where the part is on the page whatever is chosen. This one also works from elsewhere.
"""

from __future__ import annotations

import streamlit as st

from lessons.board.component import mount

_NAME = "at"
#: What such a link has in it.
PARAMETER = {_NAME: "numbers"}


def here(key: str) -> None:
    """Leads who followed such a link to the container of that key. It leaves the address, so the next is another."""
    count = f"{key}_jumps"
    if st.query_params.get(_NAME) == PARAMETER[_NAME]:
        st.session_state[count] = st.session_state.get(count, 0) + 1
        st.query_params.pop(_NAME)
    mount("jump", {"to": f"st-key-{key}", "count": st.session_state.get(count, 0)}, key=f"{key}_jump", height=1)
