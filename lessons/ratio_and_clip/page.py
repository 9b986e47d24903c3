"""Ratio and clip: what holds an update back, token by token."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from lessons.i18n import _, prose
from lessons.kit.first_ratios import older_cuts
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import Example, Line, engine, frozen, lesson_page, quiz, say_where, worked
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.own_surrogate import has_clip, own_surrogate
from lessons.ratio_and_clip.batch import most_cases
from lessons.ratio_and_clip.cases import prediction
from lessons.ratio_and_clip.check import code, questions
from lessons.ratio_and_clip.picture import moving_picture, own_limits

KEY = "ratio-and-clip"

#: One token for each of the four cases; λ = 0 and no whitening, so that each advantage is just the token's surprise.
FOUR_CASES = Example(
    tokens=("1", "6", "0", "<eos>"),
    logprobs_old=(-0.9, -0.5, -1.2, -0.4),
    logprobs_ref=(-0.9, -0.5, -1.2, -0.4),
    logprobs_new=(-0.6, -0.86, -0.86, -0.91),
    reward=0.0,
    values=(0.5, 0.7, 0.9, 0.4),
)
SETTINGS = learner("ppo", lam=0.0, whiten_advantages=False, kl_coef=0.0)


def lines() -> list[Line]:
    """From two log-probabilities to the objective."""
    return [
        old_policy_line(),
        *ratio_lines(),
        Line("advantage", r"A_t", _("the token's advantage, given: two good tokens, two bad ones"), given=True),
        objective_line(_("clipped objective: the smaller of the two products")),
        Line("clipped", r"c_t", _("where the next pass's gradient is cut: +1 high side, −1 low side, 0 not")),
    ]


def page() -> None:
    engine()
    batch = frozen("ppo", usual=False)
    if batch is not None and has_clip(batch.settings):
        batch = most_cases(batch)
        moving_picture(batch)
        say_where(batch)
    say(prose(KEY))
    st.header(_("Four tokens, one for each case"))
    worked(FOUR_CASES, SETTINGS, lines(), key="rck_four", param="rck_ex")
    if batch is not None and has_clip(batch.settings):
        st.header(_("The four cases, under limits of your own"))
        if prediction(batch):
            own_limits(batch)
        else:
            say_small(_("Limits can be set here once you have committed to your prediction."))
        if older := older_cuts(batch):
            say_small(older)
    elif batch is not None:
        st.header(_("The four cases, under limits of your own"))
        say_where(batch)
        own_surrogate(batch.settings)
    quiz("ratio_quiz", questions())


with lesson_page(
    KEY,
    question=_("The second pass uses responses that a slightly older policy wrote. What keeps it from going too far?"),
    summary=_(
        "The clip takes a token's gradient away only once the policy has already gone the right way far enough. "
        "Outside the range is not the same as clipped."
    ),
    code=code(),
):
    page()
