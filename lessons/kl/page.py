"""KL: how far the run has moved from its start, what three estimates of it are worth, and what they do as a loss."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from lessons.i18n import _, prose
from lessons.kit.glossary import say
from lessons.kit.lesson import Example, Frozen, Line, engine, frozen, lesson_page, quiz, say_where, worked
from lessons.kl import estimates, gradients
from lessons.kl.check import code, questions
from lessons.kl.picture import moving_picture

KEY = "kl"

#: Likelier than to the reference, as likely, far less likely, a little less likely.
FOUR_DISTANCES = Example(
    tokens=("1", "6", "0", "<eos>"),
    logprobs_old=(-0.3, -0.5, -2.3, -0.4),
    logprobs_ref=(-0.8, -0.5, -0.6, -0.2),
    logprobs_new=(-0.3, -0.5, -2.3, -0.4),
    reward=1.0,
    values=(0.5, 0.5, 0.5, 0.5),
)
SETTINGS = learner("ppo")


def lines() -> list[Line]:
    """From two log-probabilities to the three estimates."""
    return [
        Line("logprob", r"\log\pi_\theta", _("the policy's log-probability of the token")),
        Line("logprob_ref", r"\log\pi_{\text{ref}}", _("the frozen reference's log-probability of it")),
        Line("kl_k1", "k1_t", _("k1: the log-ratio; negative where the reference likes the token better")),
        Line("kl_k2", "k2_t", _("k2: half its square, never negative")),
        Line("kl_k3", "k3_t", _("k3: never negative, and huge where the reference likes the token far better")),
    ]


def sections(here: Frozen) -> None:
    """All that is about one step of the run."""
    st.header(_("What is each estimate worth?"))
    estimates.prediction(here)
    estimates.bias_and_spread(here)
    st.header(_("In the reward or in the loss?"))
    estimates.reward_or_loss(here)
    st.header(_("The gradient that each really gives"))
    gradients.gradients(here)


def page() -> None:
    engine()
    batch = frozen("ppo", usual=False)
    place = st.container()  # the picture stands first, and its step is chosen below it
    here = None if batch is None else estimates.kl_batch(batch)
    if here is not None:
        with place:
            moving_picture(here)
        say_where(here)
    elif batch is not None:
        say_where(batch)
    say(prose(KEY))
    st.header(_("Four tokens, three estimates"))
    worked(FOUR_DISTANCES, SETTINGS, lines(), key="kl_four", param="kl_ex")
    if here is not None:
        sections(here)
    quiz("kl_quiz", questions())


with lesson_page(
    KEY,
    question=_("The clip holds each update back. What holds the whole run near its start, and how is it measured?"),
    summary=_(
        "The KL to a frozen reference keeps the run near its start. An estimate that is right as a value may be wrong "
        "as a loss."
    ),
    code=code(),
):
    page()
