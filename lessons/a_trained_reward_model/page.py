"""A trained reward model: label pairs, watch a model learn to tell which reply was preferred, train a policy on it."""

from __future__ import annotations

import math

import streamlit as st

from core.insight.reward_example import COMMAND, RewardExample
from lessons.a_trained_reward_model import files, labelling, labels, outcome, training
from lessons.a_trained_reward_model.check import code, questions
from lessons.a_trained_reward_model.example import example_pair
from lessons.a_trained_reward_model.picture import moving_picture
from lessons.i18n import _, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import engine, lesson_page, more, predict_number, quiz

KEY = "a-trained-reward-model"


def prediction(example: RewardExample) -> None:
    """The loss of a model that knows nothing."""
    predict_number(
        "rm_first_loss",
        _("Before any update every reward is 0. What is −log σ(r_j − r_k), on average over the labels?"),
        low=0.0,
        high=1.5,
        step=0.05,
        outcome=round(example.heldout_losses[0], 2),
        tolerance=0.05,
        reason=_("σ(0) is ½, and −log ½ = log 2 = {value}: what a coin's bet costs, whatever the labels are.").format(
            value=f"{math.log(2):.3f}"
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
        prediction(example)
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
