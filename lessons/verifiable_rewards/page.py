"""Verifiable rewards: is the answer the ground truth, do the unit tests pass, and what a sandbox is for."""

from __future__ import annotations

import streamlit as st

from core.errors import RequestError
from core.learners.registry import learner
from lessons.i18n import _, listed, prose
from lessons.kit.glossary import say
from lessons.kit.lesson import Choice, Example, Line, engine, lesson_page, more, predict, quiz, revealed, worked
from lessons.kit.lesson.worked import objective_line, old_policy_line, ratio_lines
from lessons.kit.preset_race import race_in_lab
from lessons.kit.preset_start import leave_for_started, start_preset
from lessons.verifiable_rewards import call, gaming, hostile, maths, outcomes, programs, two_turns
from lessons.verifiable_rewards.check import code, questions
from lessons.verifiable_rewards.picture import moving_picture

KEY = "verifiable-rewards"
#: The button that starts GRPO beside its twin on a placebo's rewards.
START = "vr_placebo_start"
SETTINGS = learner("grpo", scale_rewards="none")
#: Of the four bodies of `GROUP`, the third token by token: right twice in six, so all or nothing pays it 0.
GROUP = ("x+x", "x*x", programs.GAMING, "x")
SHARES = (2 / 6, 1.0, 3 / 6, 2 / 6)
LOGPROBS = {
    "tokens": ("x", "+", "x", "<eos>"),
    "logprobs_old": (-0.1, -0.7, -0.2, -0.1),
    "logprobs_ref": (-0.1, -0.7, -0.2, -0.1),
    "logprobs_new": (-0.1, -0.9, -0.25, -0.1),
}
BY_SHARE = Example(**LOGPROBS, reward=SHARES[0], others=SHARES[1:])  # type: ignore[arg-type]
ALL_OR_NOTHING = Example(**LOGPROBS, reward=0.0, others=tuple(float(x == 1) for x in SHARES[1:]))  # type: ignore[arg-type]
#: Right for every number that is not below 0; what the hidden tests say of it is predicted.
NEARLY, GUESS = "abs(x) * x", "vr_nearly"


def lines() -> list[Line]:
    return [
        old_policy_line(),
        Line("advantage", r"A_t", _("the response's reward minus the mean of all four: the same for every token")),
        *ratio_lines(),
        objective_line(_("what the update makes larger: ratio times advantage, within the clip")),
    ]


def four_tokens() -> None:
    """The body `x+x` among four, paid by each of the two rules."""
    st.header(_("Four tokens, worked out"))
    bodies = listed(f"`{x}`" for x in GROUP[1:])
    rules = {"whole": _("all or nothing"), "share": _("share of tests passed")}
    about, choice = st.columns([3, 2], vertical_alignment="bottom")
    with about:
        say(_("The body `x+x` of a function that should square, sampled beside {others}.").format(others=bodies))
    with choice, st.container(key="vr_rule_worked"):
        rule = st.segmented_control(
            _("Reward"), list(rules), default="whole", format_func=rules.__getitem__, key="vr_rule", required=True
        )
    worked(
        BY_SHARE if rule == "share" else ALL_OR_NOTHING, SETTINGS, lines(), key=f"vr_four_{rule}", param=f"vr_ex_{rule}"
    )


def prediction() -> None:
    """Whether the hidden tests notice a body that the visible ones do not."""
    try:
        hidden = programs.outcome(NEARLY).hidden
    except RequestError:
        return  # the section below says why
    negative = _(
        "It is wrong for numbers below 0, and one hidden test has such a number. Without it, it would be paid."
    )
    choices = [
        Choice(_("All three"), hidden == 1, _("It gives x · x only where x is not below 0.")),
        Choice(_("Some of them"), 0 < hidden < 1, negative),
        Choice(_("None"), hidden == 0, _("It is no table of the examples: it is right for all numbers from 0 on.")),
    ]
    asked = _("A function should square. `{body}` gets all visible tests right. Of the three hidden ones, how many?")
    predict(GUESS, asked.format(body=NEARLY), choices)


def _placebo() -> None:
    """One click trains it; the lab can be set up for it, too, and nothing begins."""
    with st.container(horizontal=True, vertical_alignment="center", key="vr_placebo_row"):
        start_preset("placebo", _("Train GRPO beside a placebo"), key=START, icon=":material/casino:")
        race_in_lab("placebo", _("Set it up in the lab first"), key="vr_placebo", icon=":material/tune:", quiet=True)


def page() -> None:
    leave_for_started(START)
    engine()
    moving_picture()
    say(prose(KEY))
    four_tokens()
    st.header(_("Maths: is it the ground truth?"))
    say(_("A response is read in three ways; a run chooses one."))
    maths.section()
    st.header(_("Code: are the unit tests passed?"))
    say(_("The model writes the body of `f`: it sees three of six tests."))
    prediction()
    programs.section(without=None if revealed(GUESS) else NEARLY)
    st.header(_("A learner that games the tests"))
    gaming.section()
    st.header(_("Two turns"))
    two_turns.section()
    st.header(_("Write hostile code"))
    say(_("Try to do harm: the program runs in a worker that has nothing."))
    hostile.section()
    with more(_("a function call, compared as JSON"), key="vr_more_call"):
        call.section()
    st.header(_("What does training do by itself?"))
    say(
        _(
            "A **placebo** pays at random, as often as its learner is right: what it changes, too, training does by "
            "itself."
        )
    )
    with more(_("three tasks, before and after, on five seeds"), key="vr_more_outcomes"):
        outcomes.section()
    _placebo()
    quiz("vr_quiz", questions())


with lesson_page(
    KEY,
    question=_("The response is text. How does a program know that it is right?"),
    summary=_(
        "Where there is a right answer, a program can check it exactly: ground truth, unit tests and a sandbox have to "
        "be made first, and the reward is as good as they are."
    ),
    code=code(),
):
    page()
