"""The chosen labels and KL coefficient with every recorded learner and taste: did gold fall there, too?"""

from __future__ import annotations

import streamlit as st

from core.insight.proxy_results import BROKEN, LEARNERS, STEPS
from core.tasks.tastes import TASTES
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.numbers import number, table
from lessons.kit.over_seeds import gap_words
from lessons.when_the_proxy_breaks.results import (
    Condition,
    apart,
    beside,
    distances,
    fall,
    fell,
    tastes,
)


def side_by_side(condition: Condition) -> None:
    """A row for each learner and taste, whether the seeds tell the learners apart, and each taste's count of falls."""
    known = beside(condition)
    head = [_("taste"), _("learner"), _("gold, highest"), _("in the end"), _("fell by"), _("broke"), "√KL"]
    with st.container(key="proxy_beside"):
        say(table(head, [_row(x) for x in known]))
    lines = [_learners(known, taste) for taste in tastes()]
    lines += [_falls(taste) for taste in tastes()]
    say("\n".join(f"- {x}" for x in lines if x))
    say_small(
        _(
            "Fell by: of each seed from the step at which the others were highest. Broke: gold ended by {by} or more "
            "below its own highest, while the proxy went on rising."
        ).format(by=f"{BROKEN:g}")
    )


def _row(x: Condition) -> list[str]:
    known = fall(x)
    gap = known.fallen
    fallen = _("none")
    if known.best_step < STEPS:
        fallen = _("{mean} ({low} to {high})").format(
            mean=number(gap.mean, 2), low=number(gap.low, 2), high=number(gap.high, 2)
        )
    broke = _("{broke} of {seeds}").format(broke=known.broke, seeds=known.seeds)
    ends = number(known.best, 2), number(known.final, 2)
    return [_(x.taste_title), x.learner_title, *ends, fallen, broke, number(distances(x)[-1], 1)]


def _learners(known: list[Condition], taste: str) -> str:
    """Gold in the end, the second learner less the first; empty where one of them was not recorded."""
    own = {x.learner: x for x in known if x.taste == taste}
    if not all(x in own for x in LEARNERS):
        return ""
    first, second = (own[x] for x in LEARNERS)
    gap = gap_words(apart(second, first), (second.learner_title, first.learner_title))
    about = _("Taste “{taste}”, gold in the end:").format(taste=_(TASTES[taste].title))
    return one_after_another(about, gap)


def _falls(taste: str) -> str:
    fallen, conditions, broke, runs = fell(taste)
    return _(
        "Taste “{taste}”: in {fallen} of {conditions} recorded conditions the seeds tell that gold fell; {broke} of "
        "{runs} runs broke."
    ).format(taste=_(TASTES[taste].title), fallen=fallen, conditions=conditions, broke=broke, runs=runs)
