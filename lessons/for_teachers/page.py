"""Notes on each lesson for whoever teaches with it: timing, questions to ask, what people get wrong, what to click.

The notes lie in each lesson's own folder, `teacher.<language>.md`; a test asks every lesson for them.
"""

from __future__ import annotations

import streamlit as st

from lessons.catalog import LESSONS, Lesson, lesson
from lessons.i18n import _, prose
from lessons.kit.glossary import say
from lessons.kit.linked import linked
from lessons.kit.present import PARAMETER
from lessons.kit.to_lab import page_query

#: Pixels of about 75 characters.
_READABLE = 700


def taught() -> tuple[Lesson, ...]:
    """The pages that one can teach with: those of the course, and the lab."""
    return tuple(x for x in LESSONS if x.minutes and not x.default)


def page() -> None:
    st.title(_("For teachers"))
    say(
        _(
            "Every page of the course can be shown on a projector, part by part: the button “Present” in the sidebar, "
            "or the link below. The arrow keys or a presenter's remote lead on; everything on the page still works."
        ),
        width=_READABLE,
    )
    first = taught()[0].key
    choices = [x.key for x in taught()]
    chosen = linked(
        st.selectbox,
        _("Notes on"),
        choices,
        key="lesson",
        first=first,
        format_func=lambda key: _(lesson(key).title),
    )
    about = lesson(chosen)
    with st.container(horizontal=True, key="teacher_links"):
        st.page_link(about.path, label=_("Open the page"), icon=about.icon, query_params=page_query(about))
        shown = {**page_query(about), PARAMETER: "1"}
        st.page_link(about.path, label=_("Open it on a projector"), icon=":material/slideshow:", query_params=shown)
    st.header(_(about.title))
    say(prose(chosen, "teacher"), width=_READABLE)


page()
