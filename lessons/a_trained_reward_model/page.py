"""A trained reward model: label pairs, watch a model learn to tell which reply was preferred, train a policy on it."""

from __future__ import annotations

import math

import streamlit as st

from core.insight.reward_example import COMMAND
from lessons.a_trained_reward_model import files, labelling, labels, outcome, training
from lessons.a_trained_reward_model.check import code, questions
from lessons.a_trained_reward_model.example import example_pair, work_out
from lessons.a_trained_reward_model.picture import moving_picture
from lessons.i18n import _, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import engine, lesson_page, more, predict_number, quiz
from lessons.kit.numbers import number

KEY = "a-trained-reward-model"
#: By so much the model of the prediction is wrong.
SURE = 2.0


def prediction() -> None:
    """The loss of a pair that the model has the wrong way round: no pair of the picture above is so."""
    wrong, right = work_out(0.0, SURE), work_out(SURE, 0.0)
    predict_number(
        "rm_wrong_loss",
        _(
            "To a pair, the model gives the *other* reply {by:g} more than the preferred one: r_j − r_k = −{by:g}. "
            "What is its loss, −log σ(r_j − r_k)?"
        ).format(by=SURE),
        low=0.0,
        high=4.0,
        step=0.1,
        outcome=round(wrong.loss, 2),
        tolerance=0.2,
        reason=_(
            "σ(−{by:g}) = {sure}, and −log {sure} = {loss}: to be wrong costs a little more than by how much. "
            "The right way round the same difference costs {other}, and without any difference it is log 2 = {even}."
        ).format(
            by=SURE,
            sure=number(wrong.sure, 2),
            loss=number(wrong.loss, 2),
            other=number(right.loss, 2),
            even=number(math.log(2), 2),
        ),
        about=KEY,
    )


def _label(were_enough: bool) -> None:
    labelling.by_hand()
    labelling.weighing()
    labelling.by_machine()
    every = files.summary()
    with more(_("which tastes your labels resemble"), key="rm_more_likes"):
        labelling.likes()
    with more(_("download, upload, reset"), key="rm_more_files"):
        files.exchange(every)
    if labels.are_enough(every) != were_enough:
        st.rerun()  # whether one can train on them is the next section's matter, and that is not of this fragment


def page() -> None:
    engine()
    example = labels.recorded()
    if example is None:
        st.info(_("This is not recorded here yet."))
        say(prose(KEY))
    else:
        moving_picture(example)
        say_small(
            _("Recorded: {learnt} labels learnt from, {heldout} held out. Repeat it with `{command}`.").format(
                learnt=example.learnt, heldout=example.heldout, command=COMMAND
            )
        )
        say(prose(KEY))
        example_pair(example)
        prediction()
        st.header(_("Now you label"))
        say(_("The start model wrote two replies to each message. Which one should it write more often?"))
        st.fragment(_label)(labels.are_enough(labels.together_or_none()))
    st.header(_("Watch the reward model learn"))
    training.section()
    st.header(_("Train a policy on your taste"))
    say(
        _(
            "The reward model is frozen now, and scores what a policy writes. How far that goes before the score means "
            "nothing any more is a lesson of its own."
        )
    )
    outcome.to_the_lab()
    outcome.became()
    outcome.how_far()
    quiz("rm_quiz", questions())


with lesson_page(
    KEY,
    question=_("There is no right reply, only one that somebody likes better. How can that be a reward?"),
    summary=_(
        "A reward model learns from pairs which response is preferred: it makes −log σ(r_j − r_k) small. Then it "
        "scores any response, and a policy learns what the labels liked."
    ),
    code=code(),
):
    page()
