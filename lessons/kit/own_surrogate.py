"""Lessons on the clip, opened on a run that maximises something else: they say what, and show no formula it has not."""

from __future__ import annotations

import streamlit as st

from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES
from core.learners.settings import LearnerSettings
from lessons.i18n import _
from lessons.kit.display import learner_title, plain
from lessons.kit.lesson.formula import equation, worded


def has_clip(settings: LearnerSettings) -> bool:
    """Whether this learner maximises the clipped surrogate of a ratio per token, which the lessons take apart."""
    return settings.surrogate == "clip" and not LEVELS[settings.importance_sampling_level].whole


def own_surrogate(settings: LearnerSettings) -> None:
    """In the place of a part about the clip: what this learner has instead, and its own formulas."""
    form, level = SURROGATES[settings.surrogate], LEVELS[settings.importance_sampling_level]
    lines = [_("This part is about the clip of a ratio per token, and {learner} of this run trains without it.")]
    if form.name != "clip":
        lines.append(_("Its surrogate is **{title}** ({paper}).") if form.paper else _("Its surrogate is **{title}**."))
    if level.whole:
        lines.append(_("It takes one ratio for a whole response, the geometric mean of its tokens'."))
    named = {"learner": plain(learner_title(settings.name)), "title": _(form.title), "paper": plain(form.paper)}
    st.info("\n\n".join(x.format(**named) for x in lines), icon=":material/function:")
    equation(worded(level.line))
    equation(worded(form.line(settings)))
