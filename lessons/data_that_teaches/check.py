"""The check of this lesson, its check-list, and where its code is."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lessons.catalog import lesson
from lessons.data_that_teaches.results import Topic, at_equal_count, difficulty_words, gap, overstated
from lessons.i18n import N_, _, keeping_language, one_after_another
from lessons.kit import jump
from lessons.kit.glossary import say
from lessons.kit.lesson import Choice, Code, QuizQuestion
from lessons.kit.over_seeds import gap_words

#: Topic → what to do, and the conditions whose differences from the topic's first one say why.
_ADVICE = {
    "few": (N_("Ask many different questions."), ("distinct-4", "distinct-64")),
    "difficulty": (N_("Do without questions that are mostly answered right already."), ("easy", "hard")),
    "repeated": (N_("Ask a question once in a step."), ("repeated-90",)),
    "wrong": (N_("Check the ground truths."), ("wrong-40", "wrong-10")),
    "leaked": (N_("Keep what you measure on apart from what you train on."), ("leaked",)),
    "thin-tests": (N_("Pay by many unit tests."), ("tests-1", "tests-4")),
    "wrong-tests": (N_("Check the unit tests, too."), ("wrong-tests-40", "wrong-tests-10")),
}


def check_list(shown: Mapping[str, Topic]) -> None:
    """What to look at before a run, each with what was measured without it, and a link to the table that says so."""
    for key, topic in shown.items():
        advice, worst = _ADVICE[key]
        if key == "leaked":
            names = _("held-out questions that leaked"), _("questions never asked")
            words = [gap_words(overstated(worst[0]), names)]
        elif key == "difficulty":  # fewer questions are another matter (topic "few")
            words = [difficulty_words(x, known) for x, known in at_equal_count().items() if x in worst]
        else:
            base = _(topic.conditions[topic.base].title)
            words = [gap_words(gap(x, topic.base), (_(topic.conditions[x].title), base)) for x in worst]
        with st.container(key=f"data_check_{key}"):
            learnt, onward = st.columns([2, 1])
        with learnt:
            say(f"- {one_after_another(_(advice), *words)}")
        with onward:
            st.page_link(
                lesson("data-that-teaches").path,
                label=_("Its table: {topic}").format(topic=_(topic.title)),
                icon=":material/table:",
                query_params=keeping_language({"topic": key, **jump.PARAMETER}),
            )


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("Somebody put down a wrong ground truth. What does GRPO make of a right response to that question?"),
            (
                Choice(
                    _("It is not paid, so it gets rarer wherever another response of its group is paid"),
                    True,
                    _("The advantage is the reward against the group: right or wrong is not asked."),
                ),
                Choice(
                    _("Nothing: the group knows better"),
                    False,
                    _("The group's mean is made of rewards. If those are wrong, so is the mean."),
                ),
                Choice(
                    _("It is paid a little less"),
                    False,
                    _("The verifier says 0 or 1. Of a right response it says 0 here."),
                ),
            ),
        ),
        QuizQuestion(
            _("All eight responses to a question are wrong, step after step. What is it worth for GRPO?"),
            (
                Choice(
                    _("Much: there is most to learn"),
                    False,
                    _("There is, but no reward says in which direction: each difference from the mean is 0."),
                ),
                Choice(
                    _("Nothing by itself, until one response comes out right"),
                    True,
                    _("A group that agrees has no signal. Until then it costs responses."),
                ),
                Choice(
                    _("The same as any other question"),
                    False,
                    _("A group with right and wrong responses has a signal; this one has none."),
                ),
            ),
        ),
        QuizQuestion(
            _("Held-out success is 0.97, and half of the held-out questions were trained on. What does 0.97 tell?"),
            (
                Choice(
                    _("How good the model is at such questions"),
                    False,
                    _("On those that it trained on it may be better than on new ones: look at questions never asked."),
                ),
                Choice(
                    _("How good it is at a mixture of seen and new questions"),
                    True,
                    _("What it can do with new ones, only questions that nobody asked in training tell."),
                ),
                Choice(
                    _("Nothing at all"),
                    False,
                    _("It tells something, only not what a held-out set is for."),
                ),
            ),
        ),
    ]


def code() -> list[Code]:
    return [
        Code("core/curation.py", "Curated.prompts", _("Which questions are asked")),
        Code("core/curation.py", "Curated.verify", _("What is paid where a ground truth is wrong")),
        Code("core/curation.py", "Curated.paid_tests", _("Which unit tests pay, and which of them are wrong")),
        Code("core/training/choose.py", "choose", _("How often the start model answers each question right")),
        Code("core/insight/curation_study.py", "train", _("The study: one condition, one seed")),
    ]
