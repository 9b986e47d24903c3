"""Links to a part of the same page that is drawn for them: the page shows another topic, and scrolls to its numbers.

    st.page_link(path, label=…, query_params={"topic": key, **jump.PARAMETER})   # wherever it belongs
    jump.here("data_measured")                                                   # last: where such links lead

A link to an anchor would do where the part is on the page whatever is chosen. This one also works from elsewhere.
"""

from __future__ import annotations

import secrets

import streamlit as st

from lessons.board.component import mount

_NAME = "at"
#: What such a link has in it.
PARAMETER = {_NAME: "numbers"}


def here(key: str) -> None:
    """Leads who followed such a link to the container of that key. It leaves the address, so the next is another.

    Each press has a name, which is sent until the next one: the browser answers it once, whatever it is drawn for.
    """
    press = f"{key}_press"
    if st.query_params.get(_NAME) == PARAMETER[_NAME]:
        st.session_state[press] = secrets.token_hex(8)
        st.query_params.pop(_NAME)
    mount("jump", {"to": f"st-key-{key}", "press": st.session_state.get(press, "")}, key=f"{key}_jump", height=1)
