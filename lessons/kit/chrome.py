"""What stands around every page: the language switch, the document's language, and what is shown when storage fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from lessons import shared
from lessons.board.assets import loader
from lessons.board.rooms import rules
from lessons.i18n import LANGUAGES, _, language, tell
from lessons.kit.display import plain

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ICON = str(Path(__file__).with_name("icon.svg"))


@st.cache_resource(show_spinner=False)
def _document_language() -> ComponentRenderer:
    return st.components.v2.component("credit_lab_document", js=loader("document"))


def document_language() -> None:
    """Tell the browser which language the page is in; it asks for a whole run where it is connected anew."""
    # The tag goes over as bytes: a JSON value would import pandas in the server.
    _document_language()(
        data=language().encode(), key="document_language", height=0, on_reconnected_change=lambda: None
    )


#: A slider's number and a chosen segment are written in the primary colour, which white stands on in buttons: as text
#: on the dark ground it has 3.6:1. Code in a caption is as faint as the caption: on a ground of its own that has 4.3:1.
#: No Chinese slants: what is stressed there is bold. And on a phone the tables of a text fit its width, by smaller type
#: and by headings that break where they must. A term that the glossary explains is dotted, not coloured: there are many
#: of them. What the keyboard is on has a frame, as buttons have: links to pages changed their ground alone, by a shade
#: that hardly shows, and the page itself, which arrow keys scroll, showed nothing (on a projector, whose arrow keys
#: turn, it need not). Above a page's title stands no more than the header takes: a lesson's picture is in the first
#: screen. What stands beside and below the navigation keeps its place before that comes. A link to a page says all of
#: its title. On a desk texts, captions and formulas begin at one edge (less the room that `equation` leaves beside a
#: formula), and a line has 75 letters at most, in Chinese 42: the smaller type of captions ends earlier. What holds
#: nothing but text is as wide. Drawings and tables have the window, and so have headlines: a lesson's question, what
#: the lab says of itself and of its run. On a projector type is larger.
STYLE = (
    f"<style>{rules()}\n"
    + """
[data-testid=stSliderThumbValue] { color: inherit; }
button[data-variant=segmented_control] p { color: light-dark(#1c2330, #e8ecf2) !important; }
[data-testid=stMain] [data-testid=stPageLink-NavLink] :is(span:not([data-testid]), div, p) { white-space: normal; }
[data-testid=stCaptionContainer] code { color: inherit; background: transparent; }
a[href*="glossary"][href*="#"] {
  color: inherit !important; text-decoration: underline dotted; text-underline-offset: 3px;
}
#credit-lab-term {
  position: fixed; z-index: 1000000; max-width: min(340px, calc(100vw - 16px)); padding: 8px 12px; border-radius: 8px;
  font-size: 0.875rem; line-height: 1.45; background: #1c2330; color: #fff; border: 1px solid #8a93a5;
}
[data-testid=stApp] :is(a, summary):focus-visible {
  outline: 2px solid light-dark(#1a5fb4, #85b8f8) !important; outline-offset: 1px; border-radius: 4px;
}
[data-testid=stMain]:focus-visible {
  outline: calc(2px * (1 - var(--presenting, 0))) solid light-dark(#1a5fb4, #85b8f8); outline-offset: -2px;
}
em:lang(zh) { font-style: normal; font-weight: 600; }
[data-testid=stMain] { --line: calc(55ch + var(--presenting, 0) * 100rem); }
[data-testid=stMain] [data-testid=stCaptionContainer] { --line: calc(53ch + var(--presenting, 0) * 100rem); }
[data-testid=stMain]:lang(zh), :lang(zh) [data-testid=stCaptionContainer] {
  --line: calc(40em + var(--presenting, 0) * 100rem);
}
[data-testid=stMain] :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) > :is(p, ul, ol) {
  max-width: var(--line);
}
[data-testid=stMarkdown] > :has(> * > .katex-display) { margin-inline: 0; }
[data-testid=stMain] .katex-display { margin-inline-start: -0.33em; }
[data-testid=stMain] .katex-display, [data-testid=stMain] .katex-display > .katex { text-align: start; }
[data-testid=stMain] :is(summary, button, [class*=_question], [class*=_buttons], .st-key-lesson_about,
  .st-key-lab_title, .st-key-lab_named, [data-testid=stPageLink])
  :is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) > p {
  max-width: none;
}
[data-testid=stMain] :is([data-testid=stAlert], [class*=_predict], [class*=_summary]) {
  max-width: calc(var(--line) + 2.25rem);
}
[class*=_predict] [class*=_again] button { min-height: 0; padding-block: 0; }
html [data-testid=stMainBlockContainer] { padding-top: 2.5rem; }
@media (min-width: 901px) {
  [data-testid=stApp]:not(:has([data-testid=stSidebar])) [data-testid=stAppViewContainer] {
    padding-inline-start: 300px;
  }
}
[data-testid=stSidebar]:not(:has([data-testid=stSidebarNav])) [data-testid=stSidebarUserContent] { visibility: hidden; }
html [data-testid=stMainBlockContainer] h1 { padding-block: 0.3rem 0.6rem; }
@media (max-width: 900px) { html [data-testid=stMainBlockContainer] { padding-top: 3.75rem; } }
@media (min-width: 641px) { [class*=data_table] td { white-space: nowrap; } }
@media (max-width: 640px) {
  [data-testid=stMarkdownContainer] :is(th, td) { padding: 2px 4px; font-size: 0.72rem; }
  [data-testid=stMarkdownContainer] th { font-size: 0.68rem; }
  [data-testid=stMarkdownContainer] :is(th, td:first-child) { overflow-wrap: anywhere; hyphens: auto; }
}
</style>"""
)


def style() -> None:
    """The rules that no theme token sets, on every page; also where lessons/early_style.py could not send them."""
    st.html(STYLE)


def server_notices() -> None:
    """What whoever keeps this server has to mend, above every page. Where things lie is in the server's log only."""
    for notice in shared.notices():
        st.warning(plain(tell(notice.without_folders()), 600), icon=":material/build:")


def wordmark() -> None:
    """The app's name above the navigation."""
    ink = "#e6e9ef" if st.context.theme.type == "dark" else "#1c2330"
    mark = Path(ICON).read_text(encoding="utf-8")
    inner = mark[mark.index(">") + 1 : mark.rindex("</svg>")]
    font = 'font-family="sans-serif" font-size="19" font-weight="700"'
    words = f'<text x="42" y="23" {font} fill="{ink}">Credit Lab</text>'
    st.logo(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 166 32">{inner}{words}</svg>', size="large")


def _choose_language() -> None:
    tag = st.session_state["language_switch"]
    st.session_state["lang"] = tag
    st.query_params["lang"] = tag


def remember_language() -> None:
    """Keep the URL and the session in step: a link carries the language, and so does walking from page to page."""
    linked = st.query_params.get("lang")
    if linked in LANGUAGES:
        st.session_state["lang"] = linked
    elif linked is not None:
        del st.query_params["lang"]
    elif "lang" in st.session_state:
        st.query_params["lang"] = st.session_state["lang"]


def language_switch() -> None:
    """English · 繁體中文, in the sidebar."""
    st.session_state["language_switch"] = language()
    st.segmented_control(
        "Language · 語言",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        required=True,
        key="language_switch",
        on_change=_choose_language,
    )


@contextmanager
def storage_guard() -> Iterator[None]:
    """Storage that fails, or that another version wrote, becomes a sentence on the page; the page stays up."""
    from core.runs.errors import DataUnreadable, RunNotFound, StoreError
    from core.runs.records import RunUnreadable
    from lessons.kit import other_version
    from lessons.kit.display import plain

    try:
        yield
    except RunUnreadable as error:
        other_version.notice(error.run)
    except RunNotFound as error:  # deleted while the page was drawn, or its data has a hole
        st.warning(plain(tell(error), 400), icon=":material/link_off:")
    except DataUnreadable as error:
        st.error(plain(tell(error), 400), icon=":material/broken_image:")
        st.caption(_("Only this run is affected. It can be renamed and deleted on the page Runs."))
    except StoreError as error:
        st.error(tell(error.message.without_folders()), icon=":material/database_off:")
        st.caption(_("Nothing else on this page is affected. Reload it once the cause is gone."))
