"""What each task's default run comes to on questions kept apart, beside the same run on a placebo's rewards."""

from __future__ import annotations

import functools

import streamlit as st

from core.insight.seed_results import SeedDifference, paired
from core.insight.task_outcomes import COMMAND, PLACEBO, TASKS, TaskOutcome, read
from core.learners.registry import LEARNER_KINDS
from core.tasks.registry import TASK_KINDS
from lessons.i18n import _, one_after_another
from lessons.kit.glossary import say, say_small
from lessons.kit.numbers import table, whole
from lessons.kit.over_seeds import NumberOf, gap_words, mean_and_spread

#: The placebo's learner, and the same learner on the verifier's rewards.
REAL = "grpo"


@functools.lru_cache(maxsize=1)
def rows() -> tuple[TaskOutcome, ...]:
    """The recorded results; none where they are not recorded."""
    return tuple(read())


def of(task: str, learner: str) -> dict[int, TaskOutcome]:
    """One learner's results by seed."""
    return {x.seed: x for x in rows() if (x.task, x.learner) == (task, learner)}


def learners() -> list[str]:
    """Whose results are recorded, in the order of the record, the placebo last."""
    return list(dict.fromkeys(x.learner for x in rows()))


def tasks() -> list[str]:
    """The tasks of which every learner has results with at least two seeds."""
    return [x for x in TASKS if all(len(of(x, name)) > 1 for name in {*learners(), REAL, PLACEBO})]


def risen(task: str, learner: str) -> SeedDifference:
    """Held-out success after the last step − before the first, seed by seed."""
    own = of(task, learner).values()
    return paired([x.heldout for x in own], [x.start for x in own])


def spread_words(task: str, learner: str, value: NumberOf[TaskOutcome]) -> str:
    """ "0.910 ± 0.012" over its seeds."""
    return mean_and_spread([value(x) for x in of(task, learner).values()])


def named(learner: str) -> str:
    """What a learner of the study is called on the page."""
    if learner == PLACEBO:
        return _("{learner}, placebo").format(learner=LEARNER_KINDS[REAL].title)
    return LEARNER_KINDS[learner].title


def section() -> None:
    """The table, and for each task what the seeds tell of the verifier's rewards and of the placebo's."""
    if not tasks():
        st.info(_("This is not recorded here yet."))
        return
    say(_("PPO, GRPO and GRPO on a placebo, before the first step and after the last:"))
    start, trained = _("at the start"), _("{learner}, in training").format(learner=named(REAL))
    head = [_("task"), _("steps"), start, *map(named, learners()), trained]
    with st.container(key="vr_outcomes"):
        say(table(head, [_row(x) for x in tasks()]))
    lines = []
    for task in tasks():
        gaps = [gap_words(risen(task, x), (named(x), start)) for x in (REAL, PLACEBO)]
        about = _("{task}:").format(task=_(TASK_KINDS[task].title))
        lines.append(f"- {one_after_another(about, *gaps)}")
    say("\n".join(lines))
    say(
        _(
            "The placebo's rate is that of its own learner: the fewer of a step's responses are right, the fewer are "
            "paid."
        )
    )
    say_small(
        _(
            "Success on questions kept apart, mean ± standard deviation over seeds, 4 responses a question; “in "
            "training”: of the last ten steps' own responses. Repeat it with `{command}`."
        ).format(command=COMMAND)
    )


def _row(task: str) -> list[str]:
    own = list(of(task, REAL).values())
    ends = [spread_words(task, x, lambda x: x.heldout) for x in learners()]
    return [
        _(TASK_KINDS[task].title),
        whole(own[0].steps),
        spread_words(task, REAL, lambda x: x.start),
        *ends,
        spread_words(task, REAL, lambda x: x.trained),
    ]
