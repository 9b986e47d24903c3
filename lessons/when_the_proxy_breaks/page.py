"""When the proxy breaks: what a reward model says keeps rising, and what it stands for does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.insight.proxy_results import BROKEN, LEARNERS, LEARNING_RATE, OTHER_TASTES, STEPS, TASTE
from core.learners.registry import LEARNER_KINDS, learner
from core.tasks.tastes import TASTES
from lessons.i18n import _, prose
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import engine, lesson_page, more, quiz
from lessons.kit.linked import linked
from lessons.kit.numbers import number, percent, whole
from lessons.kit.over_seeds import gap_words
from lessons.when_the_proxy_breaks.beside import side_by_side
from lessons.when_the_proxy_breaks.check import code, questions
from lessons.when_the_proxy_breaks.distance import against_distance
from lessons.when_the_proxy_breaks.example import four_tokens
from lessons.when_the_proxy_breaks.labels import how_many
from lessons.when_the_proxy_breaks.own import run_it_yourself
from lessons.when_the_proxy_breaks.picture import moving_picture
from lessons.when_the_proxy_breaks.results import COMMAND, Condition, apart, conditions, fall, there
from lessons.when_the_proxy_breaks.sums import which_is_exact

KEY = "when-the-proxy-breaks"


def choose() -> Condition:
    """One of the recorded conditions, in the link; at first the one in which it is seen best."""
    left = conditions()

    def one_of(label: str, key: str, value: Callable[[Condition], str], form: Callable[[str], str]) -> None:
        """Narrows what is left to what was recorded with the chosen value."""
        nonlocal left
        options = sorted({value(x) for x in left}, key=_place)
        chosen = linked(st.segmented_control, label, options, key=key, first=value(left[0]), format_func=form)
        left = [x for x in left if value(x) == chosen]

    with st.container(horizontal=True, key="proxy_controls"):
        one_of(_("Learner"), "learner", lambda x: x.learner, lambda x: LEARNER_KINDS[x].title)
        one_of(_("Taste"), "taste", lambda x: x.taste, lambda x: _(TASTES[x].title))
        one_of(_("Labels"), "labels", lambda x: f"{x.labels:g}", lambda x: whole(float(x)))
        one_of(_("Flipped"), "noise", lambda x: f"{x.noise:g}", lambda x: percent(float(x)))
        one_of(_("KL coefficient"), "kl", lambda x: f"{x.kl_coef:g}", lambda x: x)
    return left[0]


def _place(option: str) -> tuple[float, str]:
    """Numbers by their size; words as the study has them, which is before all numbers."""
    known = (*LEARNERS, TASTE, *OTHER_TASTES)
    return (known.index(option) - len(known), "") if option in known else (float(option), option)


def what_became_of_it(condition: Condition) -> None:
    """Whether gold fell, as far as the seeds tell; what the KL penalty changed, and another learner."""
    known = fall(condition)
    numbers = {"best": number(known.best, 2), "step": known.best_step, "final": number(known.final, 2), "steps": STEPS}
    gap = known.fallen
    spread = {"mean": number(gap.mean, 2), "low": number(gap.low, 2), "high": number(gap.high, 2), "seeds": gap.seeds}
    if known.best_step == STEPS:
        say(_("The taste's mean score (0–1) is highest in the end: {final} after {steps} steps.").format(**numbers))
    elif gap.low > 0:
        say(
            _(
                "The taste's mean score (0–1) was highest after {step} steps, {best}; after {steps} it is {final}. It "
                "**fell** by {mean} (95 % interval {low} to {high}, {seeds} seeds; each is counted from the step at "
                "which the others were highest)."
            ).format(**numbers, **spread)
        )
    else:
        say(
            _(
                "The taste's mean score (0–1) was highest after {step} steps, {best}; after {steps} it is {final}. "
                "{seeds} seeds do not tell the two apart."
            ).format(**numbers, **spread)
        )
    broke = _(
        "In {broke} of {seeds} runs it ended by {by} or more below its own highest, while the proxy went on rising."
    )
    say(broke.format(broke=known.broke, seeds=known.seeds, by=f"{BROKEN:g}"))
    other = replace(condition, kl_coef=0.0)
    if condition.kl_coef and other in conditions():
        names = _("KL coefficient {value}").format(value=f"{condition.kl_coef:g}"), _("none")
        say(gap_words(apart(condition, other), names))
    with more(_("GRPO and PPO, one taste and another"), key="proxy_more_beside"):
        side_by_side(condition)


def page() -> None:
    engine()
    if there():
        recorded()
    else:
        st.info(_("This is not recorded here yet."))
        say(prose(KEY))
        four_tokens()
    quiz("proxy_quiz", questions())


def recorded() -> None:
    """What the recorded study shows, and a run of one's own."""
    with st.container(key="proxy_picture"):  # one piece: on a projector the controls stay beside what they change
        place = st.container()
        condition = choose()
        with place:
            moving_picture(condition)
    what_became_of_it(condition)
    say_small(
        _(
            "The controls choose among recorded runs: {steps} steps, learning rate {rate:g} (usual: {usual:g}; PPO's "
            "critic keeps its own), task `reply`. Repeat: `{command}`."
        ).format(steps=STEPS, rate=LEARNING_RATE, usual=learner("grpo").learning_rate, command=COMMAND)
    )
    say(prose(KEY))
    four_tokens()
    st.header(_("How far from the start?"))
    against_distance(condition)
    st.header(_("How many labels?"))
    how_many()
    st.header(_("Where there is a right answer"))
    which_is_exact()
    st.header(_("Run it yourself"))
    run_it_yourself()


with lesson_page(
    KEY,
    question=_("What the reward model says keeps rising. Do the replies get better?"),
    summary=_(
        "A reward model knows what its labels told. Pushed far from there, a policy can find what the model likes and "
        "nobody wants: so hold it near the start, and look at the replies."
    ),
    code=code(),
):
    page()
