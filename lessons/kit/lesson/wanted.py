"""Whose steps a page is about, and which run has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import streamlit as st

from core.learners import registry
from core.learners.registry import AnyLearner, needs_of
from core.runs.errors import RunNotFound
from core.runs.records import LearnerInfo, RunInfo, RunUnreadable, readable
from core.runs.store import RunStore
from lessons.i18n import _, listed
from lessons.kit import other_version
from lessons.kit.display import learner_title, plain
from lessons.kit.history import RECORDED, no_such_run


def any_settings(_settings: AnyLearner) -> bool:
    return True


@dataclass(frozen=True)
class Wanted:
    """Whose steps a page is about."""

    algorithm: str
    #: With what such a learner usually has: a critic that learns, answers that are compared with each other.
    usual: bool = True
    #: Several answers to a question, whoever needs them.
    groups: bool = False
    #: Whose settings suit the page, and what it says, with the {run} and its {learners}, where those of the linked run
    #: do not.
    suits: Callable[[AnyLearner], bool] = any_settings
    otherwise: str = ""

    def of(self, run: RunInfo) -> LearnerInfo | None:
        """The first such learner of a run that has made a step."""
        return next((x for x in self.named(run) if self._fits(run, x)), None)

    def named(self, run: RunInfo) -> list[LearnerInfo]:
        """The run's learners of that algorithm which have made a step, whatever they have."""
        return [x for x in run.learners if x.algorithm == self.algorithm and x.step >= 0]

    def _fits(self, run: RunInfo, learner: LearnerInfo) -> bool:
        settings = run.config.learner(learner.name)
        usual, own = needs_of(registry.learner(self.algorithm)), needs_of(settings)
        alike = (own.critic or not usual.critic) and (own.smallest_group > 1 or usual.smallest_group == 1)
        if not self.suits(settings):
            return False
        return (alike or not self.usual) and (run.config.group_size(settings) > 1 or not self.groups)


def candidates(runs: RunStore, wanted: Wanted) -> Iterator[RunInfo]:
    """The linked run, else the recorded one, else the newest: those of them that have such a learner's steps."""
    asked = [x for x in (st.query_params.get("run"), RECORDED) if x]
    for run_id in asked:
        try:
            run = runs.get(run_id)
        except RunUnreadable as error:
            other_version.notice(error.run)
            continue
        except RunNotFound:
            if run_id != RECORDED:
                no_such_run(run_id)
            continue
        if _has(run, wanted):
            yield run
        elif run.config.task.kind == "imported":
            st.info(
                _(
                    "The run “{run}” was imported and may lack the numbers that this page is about, so another one is "
                    "shown. The lab shows all that it has."
                ).format(run=plain(run.name, 60)),
                icon=":material/move_to_inbox:",
            )
        elif there := wanted.named(run):
            words = wanted.otherwise or _(
                "The run “{run}” was trained without what this page is about (a critic, or a group to compare "
                "responses in), so another one is shown. The lab shows all that it has."
            )
            names = listed(plain(learner_title(x.name)) for x in there)
            st.info(words.format(run=plain(run.name, 60), learners=names), icon=":material/person_off:")
        elif run_id != RECORDED:
            st.info(
                _("No {kind} of the run “{run}” has made a step, so it is not shown here.").format(
                    kind=registry.LEARNER_KINDS[wanted.algorithm].title, run=plain(run.name, 60)
                ),
                icon=":material/swap_horiz:",
            )
    yield from (x for x in readable(runs.runs()) if x.id not in asked and _has(x, wanted))


def _has(run: RunInfo, wanted: Wanted) -> bool:
    if run.config.task.kind == "imported":  # it may lack any number, and cannot be trained on to show a what-if
        return False
    return wanted.of(run) is not None
