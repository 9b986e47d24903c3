"""Present mode, for a projector: larger type, no sidebar, one idea a screen, turned with the arrow keys.

It is a link's (`?present=1`) or a switch's in the sidebar, and stays on from page to page until it is left. The browser
cuts the page at its headings (frontend/loader/parts.mjs), and deals a part that is higher than the screen onto several
(frontend/loader/screens.mjs); no page knows of it.
"""

from __future__ import annotations

import json

import streamlit as st

from lessons.board.assets import loader
from lessons.i18n import _

PARAMETER = "present"

#: About 1.5 times the type, 1.25 times in a window that is clearly smaller than 1920 × 1080, on a page as wide as the
#: screen; what the other parts hold takes no room and keeps its width, which screens.mjs measures (--width-on-show): a
#: chart without one draws nothing, and a picture that gets another draws itself otherwise. Components write their sizes
#: in pixels: lab.css enlarges all of them, and screens.mjs less where a picture would not fit. What is for reading only
#: is left out: asides, tables of what a chart shows, code, links to other lessons.
STYLE = """<style>
html { font-size: 24px !important; --type-scale: 1.5; --presenting: 1; --present-bar: 2.6rem; }
@media (max-width: 1599px), (max-height: 899px) { html { font-size: 20px !important; --type-scale: 1.25; } }
[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock] { gap: 0.6rem; position: relative; }
[data-testid=stMainBlockContainer] h1 { font-size: 1.7rem; }
[data-testid=stSidebar], [data-testid=stExpandSidebarButton], [data-testid=stHeader] { display: none !important; }
:is(.st-key-lesson_about, .st-key-lesson_onward, .st-key-lesson_code, [class*=st-key-aside_]),
[class*=st-key-][class*=_figure] [data-testid=stExpander] { display: none; }
:is(.st-key-lab, [class*=st-key-room_]) { min-height: 0 !important; }
:is(.st-key-document_language, .st-key-present_bar, .st-key-terms) { position: absolute !important; }
[data-testid=stMainBlockContainer] :is(h1, h2) { padding-block: 0.2rem !important; }
[data-testid=stMainBlockContainer] { padding: 0.6rem 2rem calc(var(--present-bar) + 0.1rem) !important; }
.present-away {
  position: absolute !important; width: var(--width-on-show, 100%); height: 0 !important; min-height: 0 !important;
  overflow: hidden; visibility: hidden;
}
.present-away * { visibility: hidden !important; }
</style>"""

_component = st.components.v2.component("credit_lab_present", js=loader("present"))


def presenting() -> bool:
    """Whether the page is shown on a projector."""
    return bool(st.session_state.get(PARAMETER))


def remember_present() -> None:
    """Keep the URL and the session in step, so that a walk from page to page stays in this mode."""
    linked = st.query_params.get(PARAMETER)
    if linked is not None:
        st.session_state[PARAMETER] = linked == "1"
        if linked != "1":
            del st.query_params[PARAMETER]
    elif presenting():
        st.query_params[PARAMETER] = "1"


def present_switch() -> None:
    """The button in the sidebar with which it begins."""
    st.button(
        _("Present"),
        icon=":material/slideshow:",
        type="tertiary",
        help=_("For a projector: larger type, one part of the page a screen, the arrow keys turn. ✕ leaves it."),
        key="present_on",
        on_click=_enter,
    )


def present_bar() -> None:
    """Where the page is shown on a projector: its style, and the bar with which one turns and leaves."""
    if not presenting():
        return
    st.html(STYLE)
    words = {
        "before": _("The part before"),
        "after": _("The next part"),
        "leave": _("Leave present mode"),
        "bar": _("Present"),
        "place": _("{part} of {parts} · {title}"),
        "help": _("Arrow keys or Page Up and Page Down turn; Home and End lead to the first and the last screen."),
    }
    _component(
        key="present_bar",
        data=json.dumps({"words": words}, ensure_ascii=False).encode(),
        on_left_change=_leave,
    )


def _enter() -> None:
    st.session_state[PARAMETER] = True
    st.query_params[PARAMETER] = "1"


def _leave() -> None:
    st.session_state[PARAMETER] = False
    st.query_params.pop(PARAMETER, None)
