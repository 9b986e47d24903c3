"""How GRPO works: a group's arithmetic, groups that say nothing, one success in G, and what a token weighs."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import against_group_mean, learner
from lessons.how_grpo_works import length, scales, signal
from lessons.how_grpo_works.group_steps import group_steps
from lessons.i18n import _, prose
from lessons.kit.glossary import say
from lessons.kit.lesson import (
    FOUR,
    Choice,
    Code,
    Frozen,
    Line,
    QuizQuestion,
    beside,
    engine,
    frozen,
    lesson_page,
    more,
    quiz,
    say_where,
    worked,
)
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.only_credit import only_credit
from lessons.kit.pipeline import pipeline

SETTINGS = learner("grpo")


def lines() -> list[Line]:
    """From four rewards to four times the same number, and on to the shared objective."""
    return [
        Line("advantage_raw", r"d_t", _("reward minus the group's mean: the same for every token")),
        Line("advantage", r"A_t", _("divided by the group's spread: the same for every token")),
        old_policy_line(),
        *ratio_lines(),
        objective_line(_("clipped objective: the smaller of the two products, as in PPO")),
    ]


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("All eight responses of a group are wrong. What does GRPO learn from them?"),
            (
                Choice(
                    _("To avoid all eight"),
                    False,
                    _("None of them is worse than the others: each difference from the mean is 0."),
                ),
                Choice(
                    _("Nothing: every advantage is 0"),
                    True,
                    _("The group has no spread and no signal, the same as when all eight are right."),
                ),
                Choice(
                    _("It divides by 0 and the training breaks"),
                    False,
                    _("Differences of 0 are kept at exactly 0; ε is added to the spread besides."),
                ),
            ),
        ),
        QuizQuestion(
            _("A wrong response begins with a correct first step. What does GRPO tell the tokens of that step?"),
            (
                Choice(_("That they were good"), False, _("Nothing in GRPO looks inside a response.")),
                Choice(
                    _("The same as every other token of the response: that they were bad"),
                    True,
                    _(
                        "One advantage per response. Only over many groups does it show that good steps stand in right "
                        "responses more often."
                    ),
                ),
                Choice(
                    _("Nothing, since only the last token is credited"),
                    False,
                    _("The reward comes at the end, but its advantage goes to every token."),
                ),
            ),
        ),
        QuizQuestion(
            _("A question is answered rightly once in 8 tries. You divide by the group's spread. What happens?"),
            (
                Choice(
                    _("The success gets an advantage of about 2.5"),
                    True,
                    _("(G − 1)/√G = 2.47 for G = 8: rare outcomes are made large, successes and failures alike."),
                ),
                Choice(
                    _("It gets 1/8, as it is 1 of 8"),
                    False,
                    _("1/8 is the mean. The success lies 7/8 above it, and that is divided by a small spread."),
                ),
                Choice(
                    _("It gets 1, as its reward is 1"),
                    False,
                    _("The reward is compared with the group, not used as it is."),
                ),
            ),
        ),
        QuizQuestion(
            _("Which aggregation lets a long wrong response pay less per token than a short one?"),
            (
                Choice(
                    "`token-mean`",
                    False,
                    _("There every token weighs the same: a long wrong response pays in proportion to its length."),
                ),
                Choice(
                    "`seq-mean-token-mean`",
                    True,
                    _(
                        "It spreads each response's weight over its tokens. Dr. GRPO's paper (arXiv:2503.20783) names "
                        "it as a cause of wrong responses that grow longer and longer."
                    ),
                ),
                Choice(
                    "`seq-mean-token-sum-norm`",
                    False,
                    _("Dr. GRPO was made against just this: one constant for every token."),
                ),
            ),
        ),
    ]


CODE = [
    Code("core/algorithms/advantages.py", "group_advantages", _("Rewards against their group")),
    Code("core/learners/kinds/grpo.py", "credit", _("GRPO's credit: one advantage for all tokens")),
    Code("core/algorithms/advantages.py", "zero_std_groups", _("The share of groups without a signal")),
    Code("core/algorithms/aggregation.py", "token_weights", _("What each token weighs in the loss")),
]


def opening(batch: Frozen) -> None:
    """The pipeline with GRPO's credit on show: of PPO's responses, which have a critic's values, or of GRPO's own."""
    shown = beside(batch, "ppo", groups=True) or batch
    pipeline(shown, shown.telling, key="hgw_pipeline", start="grpo")


def sections(batch: Frozen) -> None:
    st.header(_("A real group"))
    say_where(batch)
    st.fragment(group_steps)(batch)
    st.header(_("One success in G"))
    signal.lone(batch)
    st.header(_("The step's other groups"))
    st.fragment(scales.scales)(batch)
    st.header(_("How often a group says nothing"))
    signal.no_signal_share(batch)
    st.header(_("Long and short responses"))
    say(prose("how-grpo-works", "length"))
    st.fragment(length.own_lengths)(batch)
    with more(_("the three ways to add up, and this step's own lengths"), key="hgw_more_length"):
        say(prose("how-grpo-works", "aggregation"))
        length.real_lengths(batch)
    with st.expander(_("And against PPO?"), icon=":material/balance:", key="hgw_against_ppo"):
        only_credit(batch.run.config, key="hgw_only_credit")


with lesson_page(
    "how-grpo-works",
    question=_("Eight responses to one question, and all you know is which are right. What do you tell each token?"),
    summary=_(
        "GRPO compares each response with its group and tells all its tokens the same number; a group that agrees says "
        "nothing, and how the tokens are weighed decides what length is worth."
    ),
    code=CODE,
):
    engine()
    batch = frozen(
        "grpo",
        against_group_mean,
        _(
            "In the run “{run}” no response is compared with its group's mean ({learners}: `baseline` is another), and "
            "that comparison is what this page is about, so it is not shown here. The lab shows what these learners do."
        ),
    )
    if batch is not None:
        opening(batch)
    say(prose("how-grpo-works"))
    st.header(_("Four tokens, worked out"))
    say(
        _(
            "The wrong response “1 6 0” to 9+7=, in a group of four with rewards {rewards}. Walk through its numbers."
        ).format(rewards=" · ".join(f"{x:g}" for x in [FOUR.reward, *FOUR.others]))
    )
    worked(FOUR, SETTINGS, lines(), key="hgw_four", param="hgw_ex")
    if batch is not None:
        sections(batch)
    quiz("hgw_quiz", questions())
