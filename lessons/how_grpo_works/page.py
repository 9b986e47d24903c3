"""How GRPO works: a group's arithmetic, groups that say nothing, one success in G, and what a token weighs."""

from __future__ import annotations

import streamlit as st

from core.learners.registry import against_group_mean, learner
from lessons.how_grpo_works import length, scales, signal
from lessons.how_grpo_works.check import questions
from lessons.how_grpo_works.group_steps import group_steps
from lessons.i18n import _, prose
from lessons.kit.glossary import say
from lessons.kit.lesson import (
    FOUR,
    Code,
    Frozen,
    Line,
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
