"""The glossary: every term with its names in both languages, what it is, and the page that shows it."""

from __future__ import annotations

import streamlit as st

from lessons.catalog import lesson
from lessons.i18n import _, language
from lessons.kit.display import plain
from lessons.kit.glossary import matches, names
from lessons.kit.glossary_term import GlossaryTerm
from lessons.kit.glossary_terms import GLOSSARY
from lessons.kit.to_lab import page_query


def entry(term: GlossaryTerm) -> None:
    """A term under its name, which is its address on this page."""
    shown = names(term)
    others = [name for tag, name in shown.items() if tag != language()]
    shows = lesson(term.lesson)
    st.subheader(shown[language()], anchor=term.key)
    sign = f"${term.symbol}$ · " if term.symbol else ""
    st.markdown(f"{sign}{' · '.join(others)}  \n{_(term.meaning)}", width="content")
    st.page_link(shows.path, label=_(shows.title), icon=shows.icon, query_params=page_query(shows))


def page() -> None:
    wanted = st.text_input(
        _("Look up"), max_chars=60, icon=":material/search:", key="glossary_wanted", width=360, autocomplete="off"
    )
    listed = [(chapter.title, [x for x in chapter.terms if matches(x, wanted)]) for chapter in GLOSSARY]
    if not any(entries for _title, entries in listed):
        st.info(
            _("No term is called “{wanted}”. Try a part of the word, in either language.").format(wanted=plain(wanted)),
            icon=":material/search_off:",
        )
    for title, entries in listed:
        if entries:
            st.header(_(title))
        for term in entries:
            with st.container(gap="xxsmall", key=f"term_{term.key}"):
                entry(term)


st.title(_("Glossary"))
st.markdown(_("Every term in both languages. Elsewhere a dotted line marks a term where it first stands on a page."))
page()
