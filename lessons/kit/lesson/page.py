"""What stands at the beginning and the end of every lesson."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from lessons.catalog import LESSONS, Lesson, lesson
from lessons.i18n import _, keeping_language
from lessons.kit.chrome import storage_guard
from lessons.kit.glossary import name_pages, say
from lessons.kit.lesson.source import Code, show_code
from lessons.kit.to_lab import open_in_lab


@contextmanager
def lesson_page(key: str, *, question: str, summary: str, code: Sequence[Code]) -> Iterator[None]:
    """Opens the lesson with its title and question, and closes it with one line, the code and what comes next.

    Texts are already translated. Storage that fails becomes a sentence in between. Headings inside start at st.header.
    """
    here = lesson(key)
    st.title(_(here.title))
    about = [_("about {minutes} minutes").format(minutes=here.minutes)] if here.minutes else []
    before, after = neighbours(key)
    if before:
        about.append(_("before this: {title}").format(title=_(before.title)))
    if after:
        about.append(_("after it: {title}").format(title=_(after.title)))
    with st.container(key="lesson_about"):  # in present mode it gives its room to the picture
        name_pages(" · ".join(about))
    with st.container(key=f"{key}_question"):
        say(f"**{question}**")
    with storage_guard():
        yield
    st.header(_("In one line"))
    with st.container(border=True, key=f"{key}_summary"):
        say(summary)
    if code:
        with (
            st.container(key="lesson_code"),
            st.expander(_("The code that computes it"), icon=":material/code:", key=f"{key}_code"),
        ):
            show_code(*code)
    _onward(key, before, after)


def neighbours(key: str) -> tuple[Lesson | None, Lesson | None]:
    """The lessons before and after, in the order of the course; workbench pages (without minutes) don't count."""
    course = [x for x in LESSONS if x.minutes]
    at = [x.key for x in course].index(key)
    return (course[at - 1] if at else None), (course[at + 1] if at + 1 < len(course) else None)


def _onward(key: str, before: Lesson | None, after: Lesson | None) -> None:
    query = keeping_language()
    # Centred: the way into the lab is a button, and higher than the links beside it.
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_onward"):
        if before:
            st.page_link(before.path, label=_(before.title), icon=":material/arrow_back:", query_params=query)
        if after:
            st.page_link(
                after.path,
                label=_(after.title),
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params=query,
            )
        open_in_lab()
        st.page_link(
            lesson("for-teachers").path,
            label=_("Notes for teachers"),
            icon=lesson("for-teachers").icon,
            query_params=keeping_language({"lesson": key}),
        )
