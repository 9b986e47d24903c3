"""The way from a page into the lab, and back to where the page was.

    st.page_link(lesson("lab").path, label=…, query_params=lab_query({"run": run.id}))

A link into the lab carries where it came from: the page's key and what its address said (`?from=the-loop?step=3`). The
lab shows the way back, with the address as it was, as long as it is open, whichever run is looked at; whoever comes to
it by the navigation came from nowhere. A link is somebody else's text: a page that the catalogue does not have is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from lessons.catalog import LESSONS, Lesson, lesson
from lessons.i18n import _, keeping_language
from lessons.kit.present import PARAMETER

LAB, FROM = "lab", "from"
#: An address that is longer is not carried along: the page's own is.
MOST_CHARACTERS, MOST_PARTS = 1500, 40
#: What every page has in its address, and what is Streamlit's own.
_EVERYWHERE = frozenset({"lang", PARAMETER, FROM, "embed", "embed_options"})
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_HERE, _SHOWN = "page_on_show", "page_shows_step"


def remember_page(key: str) -> None:
    """Which page of the catalogue is on show, told before it is drawn; it has not said yet which step it shows."""
    st.session_state[_HERE] = key
    st.session_state.pop(_SHOWN, None)
    _return_to(key)


def _return_to(key: str) -> None:
    """The browser's way back from the lab leads to the page with the lab's parameters, as Streamlit writes them down
    before it leaves the page; they say with which the page was left. (In the run after a step through the history
    Streamlit replaces the address, so the way forward stays.)"""
    origin = came_from(st.query_params.get(FROM, ""))
    if origin is not None and origin[0].key == key:
        kept = {x: st.query_params[x] for x in ("lang", PARAMETER) if x in st.query_params}
        st.query_params.from_dict({**origin[1], **kept})


def shows_step(run_id: str, step: int) -> None:
    """What a page is about, for its link into the lab: a step (from 0) of a run."""
    st.session_state[_SHOWN] = {"run": run_id, "step": str(step + 1)}


def lab_query(parts: Mapping[str, str | list[str]] | None = None) -> dict[str, str | list[str]]:
    """Query parameters of a link into the lab: these, the language, and the page on show with its address."""
    key = st.session_state.get(_HERE)
    there = {} if key is None or key == LAB else {FROM: _address(key)}
    return keeping_language({**(parts or {}), **there})


def page_query(page: Lesson) -> dict[str, str | list[str]]:
    """Query parameters of a link to any page of the catalogue."""
    return lab_query() if page.key == LAB else keeping_language()


def _address(key: str) -> str:
    own = [(name, x) for name in st.query_params if name not in _EVERYWHERE for x in st.query_params.get_all(name)]
    whole = f"{key}?{urlencode(own)}" if own else key
    return whole if len(whole) <= MOST_CHARACTERS else key


def came_from(text: str) -> tuple[Lesson, dict[str, str | list[str]]] | None:
    """The page that a link came from, and the parameters of its address; None where that is no page, or the lab."""
    key, _sign, query = text.partition("?")
    page = next((x for x in LESSONS if x.key == key != LAB), None)
    if page is None:
        return None
    try:
        given = parse_qsl(query, max_num_fields=MOST_PARTS) if len(text) <= MOST_CHARACTERS else []
    except ValueError:  # more parts than an address has here
        given = []
    parts: dict[str, str | list[str]] = {}
    for name, value in given:
        if _NAME.fullmatch(name) and name not in _EVERYWHERE:
            before = parts.get(name)
            parts[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return page, parts


def back_link() -> None:
    """The way back to the page from which the lab was opened; nothing where it was not opened from one."""
    origin = came_from(st.query_params.get(FROM, ""))
    if origin is not None:
        page, parts = origin
        label = _("Back to {title}").format(title=_(page.title))
        with st.container(key="lab_back", width="content"):
            st.page_link(page.path, label=label, icon=":material/arrow_back:", query_params=keeping_language(parts))


def open_in_lab() -> None:
    """A lesson's quiet link into the lab: to the step that the lesson is about, where it is about one."""
    shown: dict[str, str] = st.session_state.get(_SHOWN, {})
    # No link: what was chosen in a fragment since the page was drawn is in the address by now, and not in a link.
    if st.button(_("Open this in the lab"), type="tertiary", icon=lesson(LAB).icon, key="lesson_lab"):
        st.switch_page(lesson(LAB).path, query_params=lab_query(shown))
