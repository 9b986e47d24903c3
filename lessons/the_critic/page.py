"""What is a critic worth? One that knows pays, one that cannot know costs, one that is trusted when stale ruins."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.learners.registry import learner
from lessons.i18n import N_, _, listed, one_after_another, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import FOUR, Choice, Code, QuizQuestion, Row, lesson_page, quiz, token_strips, work_out
from lessons.kit.numbers import number, signed
from lessons.kit.preset_race import race_in_lab
from lessons.kit.ties import lowest
from lessons.the_critic import budget, same_questions, trust
from lessons.the_critic.race import race
from lessons.the_critic.results import gap, lam_of, mean, shape, there

KEY = "the-critic"
CODE = [
    Code("core/training/fitted.py", "begin", _("What the critic knows before the first step")),
    Code("core/algorithms/advantages.py", "gae", _("λ: the critic's word against the outcome's")),
    Code("core/insight/long_sums.py", "train", _("The study: one learner, one seed")),
    Code("core/insight/seed_results.py", "paired", _("Differences, seed by seed")),
]
#: Preset, button, key, and what to look at in the lab.
RACES = (
    (
        "long-sums-critics",
        N_("Four learners, the same questions"),
        "tc_race_same",
        N_("Look at success, steps 1–20, in the table under the charts, and at the chart “What the critic knows”."),
    ),
    (
        "long-sums-budget",
        N_("GRPO 32 × 4 against PPO 128 × 1"),
        "tc_race_budget",
        N_("Look at the table under the charts: success beside the time and the responses that it took."),
    ),
    (
        "long-sums-blind",
        N_("The blind start model"),
        "tc_race_blind",
        N_("Look at “What the critic knows”: its critic was fitted, too, but to features that do not tell."),
    ),
)


def four_tokens() -> None:
    """The same wrong answer, credited with a critic that knows and with one that says 0 everywhere."""
    st.header(_("Four tokens, two critics"))
    settings = learner("ppo", kl_coef=0.0, whiten_advantages=False)
    knows, lam = work_out(FOUR, settings), f"{settings.model_dump()['lam']:g}"
    zero = work_out(replace(FOUR, values=(0.0,) * len(FOUR.tokens)), settings)
    alone = work_out(FOUR, settings.model_copy(update={"lam": 0.0}))
    usual = _("a critic that knows, λ = {lam}").format(lam=lam)
    rows = [
        Row("alone", _("a critic that knows, λ = 0"), FOUR.tokens, alone["advantage"], learner="blue"),
        Row("knows", usual, FOUR.tokens, knows["advantage"], learner="blue"),
        Row("zero", _("a critic that says 0, any λ"), FOUR.tokens, zero["advantage"], learner="blue"),
    ]
    worst = lowest(knows["advantage"])[0]
    strips, words = st.columns(2)
    with strips:
        token_strips(rows, key="tc_four", quantity=_("credit A"), pickable=False)
    with words:
        say(
            _(
                "The made-up response “1 6 0” to 9+7= is wrong: reward {reward}. A critic that knows says {values}: it "
                "falls at token {at}. At λ = 0 each token gets its own change alone, that one {single}; at λ = {lam} "
                "it gets {credit}, the lowest, and the tokens before it share the blame. A critic that says 0 "
                "everywhere expects nothing and is disappointed by nothing: every token gets {nothing}. (No KL "
                "penalty, not whitened.)"
            ).format(
                reward=f"{FOUR.reward:g}",
                values=listed(f"{x:g}" for x in FOUR.values or ()),
                at=worst + 1,
                credit=signed(knows["advantage"][worst]),
                nothing=number(max(zero["advantage"]), 2),
                single=signed(alone["advantage"][worst]),
                lam=lam,
            )
        )


def races() -> None:
    """The same races, live."""
    st.header(_("See it for yourself"))
    say(
        _(
            "Each button sets up the lab, where “Start” trains one seed. The numbers above are means over several: it "
            "may come out otherwise."
        )
    )
    for preset, label, key, look in RACES:
        button, words = st.columns([2, 3], vertical_alignment="center")
        with button:
            race_in_lab(preset, _(label), key=key)
        with words:
            say_small(_(look))


def questions() -> list[QuizQuestion]:
    return [
        QuizQuestion(
            _("Why can PPO ask 128 different questions where GRPO asks 16?"),
            (
                Choice(
                    _("Its baseline does not come from other responses to the same question"),
                    True,
                    _("A critic, or the batch's mean, says what to expect. A group has to be bought with responses."),
                ),
                Choice(
                    _("Its model is larger"), False, _("Both have the same policy; the critic only judges beside it.")
                ),
                Choice(_("It needs fewer responses a step"), False, _("Both learn from 128 responses a step here.")),
            ),
        ),
        QuizQuestion(
            _("The start model's features tell nothing of right and wrong. What does a critic fitted to them do?"),
            (
                Choice(_("It learns it from the rewards all the same"), False, _blind_reason()),
                Choice(_("It does not help, and costs a second model"), True, _blind_reason()),
                Choice(
                    _("It makes the run collapse at any λ"),
                    False,
                    one_after_another(_("Near λ = 1 its word hardly counts."), _blind_reason()),
                ),
            ),
        ),
        QuizQuestion(
            _("With λ = 0.5, what does PPO's credit rest on more than with λ = 0.95?"),
            (
                Choice(
                    _("On the critic"),
                    True,
                    one_after_another(
                        _("What comes later fades with λ per token, so the critic's next values count more."),
                        _stale_reason(),
                    ),
                ),
                Choice(
                    _("On the outcome"), False, _("At λ = 1 it is the outcome alone; below, it fades on its way back.")
                ),
                Choice(_("On the reference model"), False, _("That is the KL penalty's, and it is 0 in these runs.")),
            ),
        ),
    ]


def _blind_reason() -> str:
    """What was measured on the blind start model."""
    pair = [shape("ppo-fitted", 16, "-blind"), shape("grpo", 16, "-blind")]
    if len(there(pair)) < 2:
        return _("What it came to is not recorded here yet.")
    known = gap(pair[0], pair[1], "first-20")
    return _(
        "Measured on the blind start model, steps 1–20: fitted critic minus GRPO {mean} ({low} to {high})."
    ).format(mean=signed(known.mean, 3), low=signed(known.low, 3), high=signed(known.high, 3))


def _stale_reason() -> str:
    """What λ = 0.5 came to with a fitted critic."""
    pair = [lam_of("fitted", 0.5), lam_of("fitted", 0.95)]
    if len(there(pair)) < 2:
        return ""
    return _("Measured over the last ten steps with a fitted critic: {half} at λ = 0.5, {usual} at λ = 0.95.").format(
        half=number(mean(pair[0], "last-10")), usual=number(mean(pair[1], "last-10"))
    )


def page() -> None:
    start = race()
    four_tokens()
    say(prose(KEY))
    st.header(_("The same questions for all"))
    same_questions.same_questions(start)
    st.header(_("The same budget for all"))
    budget.budget()
    st.header(_("How far is a critic to be trusted?"))
    say(
        _(
            "λ says whose word counts: the critic's (0) or the outcome's (1). A fitted critic knows the start policy, "
            "and the policy moves on."
        )
    )
    trust.trust()
    races()
    quiz("critic_quiz", questions())


with lesson_page(
    KEY,
    question=_("A critic costs a second model. When does it pay, when is it wasted, and when does it ruin a run?"),
    summary=_(
        "A critic that knows saves responses, as it needs no group to compare with, and sees which token mattered. One "
        "that cannot know is a cost; one that is trusted too far when the policy has moved on leads the run astray."
    ),
    code=CODE,
):
    page()
