"""Ratio, clip and KL: what holds the update back, case by case on real tokens, and what the KL estimates are worth."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import learner
from lessons.i18n import _, prose
from lessons.kit.lesson import (
    Choice,
    Code,
    Example,
    Line,
    QuizQuestion,
    engine,
    frozen,
    lesson_page,
    quiz,
    say_where,
    worked,
)
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.own_surrogate import has_clip, own_surrogate
from lessons.ratio_clip_kl import cases, kl
from lessons.ratio_clip_kl.batch import most_cases

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


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("A > 0 and ρ = 0.6, with ε = 0.2. What happens to this token?"),
            (
                Choice(
                    _("Its gradient is 0, since 0.6 is below 0.8"),
                    False,
                    _("The min takes 0.6·A, the smaller product; that one moves with the policy."),
                ),
                Choice(
                    _("It learns as usual and is pulled back up"),
                    True,
                    _("ρ·A is smaller than 0.8·A, so the unclipped branch wins and its gradient stays."),
                ),
                Choice(
                    _("It is pushed further down"),
                    False,
                    _("A positive advantage always raises the token's probability, or does nothing."),
                ),
            ),
        ),
        QuizQuestion(
            _("You go only once over each rollout (μ = 1, one mini-batch). How many tokens does the clip cut?"),
            (
                Choice(
                    _("None, whatever ε is"),
                    True,
                    _("Every gradient is taken at ratio 1, up to rounding. A clip share of 0 is no fault then."),
                ),
                Choice(
                    _("About as many as with two passes"),
                    False,
                    _("The ratios drift only after the first update, and with μ = 1 nobody looks again."),
                ),
                Choice(
                    _("All of them, as the ratio cannot move"),
                    False,
                    _("A ratio of 1 is inside every range: nothing is cut, and the policy does learn."),
                ),
            ),
        ),
        QuizQuestion(
            _("Your log shows a negative KL for one batch. What does it mean?"),
            (
                Choice(
                    _("The policy has moved closer than the reference is to itself"),
                    False,
                    _("The KL itself is never below 0."),
                ),
                Choice(
                    _("The log averages k1, an estimate whose single values can be negative"),
                    True,
                    _("On sampled tokens k1 has both signs; over few tokens even its mean may fall below 0."),
                ),
                Choice(
                    _("β was set to a negative number"),
                    False,
                    _("β weighs the KL in the loss; the KL that is logged is the same without it."),
                ),
            ),
        ),
        QuizQuestion(
            _("Which estimate, used as the loss itself, has the gradient of KL(policy ‖ reference)?"),
            (
                Choice("k1", False, _("Its gradient is ∇ log π, which averages to 0 over the policy's own samples.")),
                Choice("k2", True, _("Its factor is the log-ratio: just the score-function gradient of the KL.")),
                Choice(
                    "k3", False, _("On average its gradient is that of KL(reference ‖ policy), the other way round.")
                ),
            ),
        ),
    ]


CODE = [
    Code(
        "core/algorithms/surrogates/clip.py", "clipped_surrogate", _("The min of the two products, and the dual clip")
    ),
    Code("core/algorithms/surrogates/clip.py", "clipped_side", _("Where a token's gradient is really cut")),
    Code("core/algorithms/kl.py", "kl_k3", _("The estimate k3")),
    Code("core/algorithms/kl.py", "kl_exact", _("The exact KL")),
]


def ratio_and_clip() -> None:
    st.header(_("The ratio and its four cases"))
    batch = frozen("ppo", usual=False)
    if batch is None:
        return
    if has_clip(batch.settings):
        batch = most_cases(batch)
        say_where(batch)
        cases.prediction(batch)
        st.fragment(cases.walk)(batch)
    else:
        say_where(batch)
        own_surrogate(batch.settings)
    st.header(_("How far from the reference?"))
    st.markdown(prose("ratio-clip-kl", "kl"))
    st.fragment(kl_section)(batch)


def kl_section(batch) -> None:  # type: ignore[no-untyped-def]
    here = kl.kl_batch(batch)
    if here is None:
        return
    kl.prediction(here)
    kl.bias_and_spread(here)
    st.subheader(_("In the reward or in the loss?"))
    kl.reward_or_loss(here)
    st.subheader(_("The gradient that each really gives"))
    kl.gradients(here)


with lesson_page(
    "ratio-clip-kl",
    question=_("The second pass uses answers that a slightly older policy wrote. What keeps it from going too far?"),
    summary=_(
        "The clip takes a token's gradient away only once the policy has already gone the right way far enough; the KL "
        "keeps the whole run near its start, and an estimate that is right as a value may be wrong as a loss."
    ),
    code=CODE,
):
    engine()
    st.markdown(prose("ratio-clip-kl"))
    st.header(_("Four tokens, one for each case"))
    worked(FOUR_CASES, SETTINGS, lines(), key="rck_four", param="rck_ex")
    ratio_and_clip()
    quiz("rck_quiz", questions())
