"""The worked example: DPO on one pair of responses from a frozen set."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from lessons.i18n import _
from lessons.kit.glossary import say
from lessons.kit.lesson import Example, Line, worked
from lessons.kit.lesson.worked import Filling
from lessons.kit.numbers import signed

SETTINGS = learner("dpo")
#: Two responses to 9+7= from a frozen set: “1 6” was right, “1 5” was not. Some updates later the policy (old) likes
#: the right one better than the start model (reference) did, and the wrong one less.
PAIR = Example(
    tokens=("1", "6", "␣", "<eos>"),
    logprobs_old=(-0.2, -0.5, -0.1, -0.1),
    logprobs_ref=(-0.2, -0.9, -0.1, -0.1),
    logprobs_new=(-0.2, -0.4, -0.1, -0.1),
    reward=1.0,
    others=(0.0,),
    others_logprobs=(((-0.2, -1.3, -0.1, -0.1), (-0.2, -1.0, -0.1, -0.1), (-0.2, -1.5, -0.1, -0.1)),),
)


def lines() -> list[Line]:
    """From the two models to how strongly the pair pulls."""
    return [
        Line("logprob_ref", r"\log\pi_{\text{ref}}", _("the frozen start model's log-probability of it")),
        Line("logprob_old", r"\log\pi_{\text{old}}", _("the policy's log-probability before this update")),
        Line("implicit_reward", r"\hat r_t", _("implicit reward: β times how much likelier the token has become")),
        Line("implicit_sum", r"\hat r", _("the whole response's: the sum over its tokens"), given=True),
        Line("margin", "m", _("margin: this sum minus that of the rejected response"), given=True),
        Line("advantage", r"\hat A_t", _("pull of the pair, β·σ(−m): the better it is told apart, the weaker")),
    ]


def example() -> None:
    """DPO on one pair of frozen responses, walked line by line."""
    st.header(_("Four tokens of a frozen pair"))
    rejected = Filling(PAIR, SETTINGS).values["implicit_sum"].at(1) or 0.0
    words = _(
        "“1 6” to 9+7= scored 1 and “1 5” scored 0 before training. DPO compares the two under the policy as it is "
        "now; the implicit reward of “1 5” is {rejected}. The responses and their scores never change."
    )
    say(words.format(rejected=signed(rejected, 1)))
    worked(PAIR, SETTINGS, lines(), key="online_four", param="online_ex")
