"""The frozen batch: one stored step of a real run, with every token's numbers. No torch: it is only read here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import streamlit as st

from core.given_config import change
from core.learners.registry import AnyLearner, without
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.learner_views import settings_at
from core.runs.migrations.traces import cuts_of_states
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.runs.table_checks import incomplete
from lessons import shared
from lessons.i18n import _
from lessons.kit.display import learner_title, one_line, plain
from lessons.kit.empty import nothing_here
from lessons.kit.glossary import say_small
from lessons.kit.history import unreadable
from lessons.kit.lesson.replies import Group, Reply, Slip, clearest, shows, slips
from lessons.kit.lesson.stored_groups import groups_of
from lessons.kit.lesson.wanted import Wanted, any_settings, candidates
from lessons.kit.to_lab import shows_step

LOOKED_AT = 12  # steps of a run among which the default step is chosen, about


@dataclass(frozen=True)
class Frozen:
    """One learner's stored step. Tables are as in the trace; nothing here changes any more."""

    run: RunInfo
    learner: str
    step: int  # from 0
    settings: AnyLearner  # as they were at that step
    samples: pa.Table  # SAMPLES, all responses of the step
    tokens: pa.Table  # TOKENS, the panel's

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The panel's groups, in order."""
        return groups_of(self.samples, self.tokens)

    def group(self, number: int) -> Group:
        """Raises KeyError if the panel has no such group."""
        return {x.number: x for x in self.groups}[number]

    @cached_property
    def replies(self) -> list[Reply]:
        """The panel's responses by their number in the step, as tensors and terms have them."""
        return sorted((x for group in self.groups for x in group.replies), key=lambda x: x.sample)

    @cached_property
    def passes(self) -> int:
        """How often the step went over its rollout."""
        return len(self.groups[0].replies[0].passes) - 1

    @cached_property
    def gradients(self) -> range:
        """The passes at which the policy's gradients were taken: all but the last; none while a critic warms up."""
        warm_up: int = getattr(self.settings, "value_warmup_steps", 0)
        return range(0 if self.step < warm_up else self.passes)

    @cached_property
    def cuts_elsewhere(self) -> bool:
        """Whether an older version recorded what was cut at other moments than those of the gradients.

        It did so at each pass's state; with one mini-batch, that is where the gradients were taken.
        """
        return self.settings.num_mini_batches > 1 and cuts_of_states(self.tokens)

    @cached_property
    def slips(self) -> list[Slip]:
        """Where the panel's wrong responses slip; none without a critic's values."""
        return slips(self.groups)

    @cached_property
    def telling(self) -> Group:
        """The group to look at: of the slip that the critic sees best; where it sees none, a group with right and wrong
        responses, whose credit differs most between tokens.
        """
        if (slip := clearest(self.slips)) is not None:
            return self.group(slip.reply.group)
        return max(self.groups, key=lambda x: (x.mixed, max(reply.spread for reply in x.replies)))


def frozen(
    algorithm: str,
    suits: Callable[[AnyLearner], bool] = any_settings,
    otherwise: str = "",
    *,
    usual: bool = True,
    groups: bool = False,
) -> Frozen | None:
    """The step that the link names (`?run=`, `?step=` from 1), else the recorded run's most telling one.

    `suits`, `otherwise`, `usual`, `groups`: what the learner must have, as `Wanted` says.

    None, and a sentence on the page, where there is nothing to show: call it once per page and algorithm. Without a
    recorded run the newest run that has such a learner's steps takes its place.
    """
    runs, wanted = shared.store(), Wanted(algorithm, usual, groups, suits, otherwise)
    for run in candidates(runs, wanted):
        learner = wanted.of(run)
        assert learner is not None
        step = _linked_step(learner.step)
        try:
            if step is None:
                step = _telling_step(run.id, learner.name, learner.step, learner.updated, runs)
            return _frozen(run.id, learner.name, step, learner.updated, runs)
        except (DataUnreadable, RunNotFound) as error:
            unreadable(run, error)
    nothing_here(_("There is no run to look at yet. Open the lab and press Start; this page then shows its steps."))
    return None


def at_step(batch: Frozen, step: int) -> Frozen:
    """The same learner at another step (from 0) of the same run; the nearest one that there is."""
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    return _frozen(batch.run.id, batch.learner, min(max(0, step), learner.step), learner.updated, shared.store())


def stored_step(run: RunInfo, learner: str, step: int, made: float) -> Frozen:
    """A learner's step (from 0) of a run that may go on; `made` tells it from one that was made there earlier.

    Raises DataUnreadable or RunNotFound.
    """
    return _frozen(run.id, learner, step, made, shared.store())


def beside(batch: Frozen, algorithm: str, *, groups: bool = False) -> Frozen | None:
    """The most telling step of the run's learner of another kind, as `Wanted` says; None where it has none that can be
    read."""
    return of_run(batch.run, algorithm, shared.store(), groups=groups)


def of_run(run: RunInfo, algorithm: str, runs: RunStore, *, groups: bool = False) -> Frozen | None:
    """The most telling step of a run's learner of this kind; None where it has none that can be read."""
    learner = Wanted(algorithm, groups=groups).of(run)
    if learner is None:
        return None
    try:
        step = _telling_step(run.id, learner.name, learner.step, learner.updated, runs)
        return _frozen(run.id, learner.name, step, learner.updated, runs)
    except (DataUnreadable, RunNotFound):
        return None


def pick_group(batch: Frozen, *, key: str, param: str = "group", first: int | None = None) -> Group:
    """A choice among the step's prompts (kept in the link); returns it. At first `first`, else the most telling one."""
    linked = st.query_params.get(param, "")
    numbers = [x.number for x in batch.groups]
    given = int(linked) if linked.isascii() and linked.isdecimal() and len(linked) < 6 else None
    chosen = given if given in numbers else batch.telling.number if first is None else first
    st.session_state[key] = chosen
    st.selectbox(
        _("Prompt"),
        numbers,
        format_func=lambda n: _group_label(batch.group(n)),
        key=key,
        on_change=_keep,
        args=(key, param),
    )
    return batch.group(chosen)


def say_where(batch: Frozen) -> None:
    """One line on what the numbers are of: run, learner, step, seed. The lesson's link into the lab leads there."""
    shows_step(batch.run.id, batch.step)
    kind = _("a recorded run") if batch.run.recorded else _("the run “{name}”").format(name=plain(batch.run.name, 60))
    say_small(
        _("Real numbers: {learner} at step {step} of {run}, seed {seed}.").format(
            learner=plain(learner_title(batch.learner)), step=batch.step + 1, run=kind, seed=batch.run.config.seed
        )
    )


def _keep(key: str, param: str) -> None:
    st.query_params[param] = str(st.session_state[key])


def _group_label(group: Group) -> str:
    right = sum(x.success for x in group.replies)
    return _("{prompt} – {right} of {all} right").format(
        prompt=one_line(group.prompt), right=right, all=len(group.replies)
    )


def _linked_step(last: int) -> int | None:
    linked = st.query_params.get("step", "")
    if linked.isascii() and linked.isdecimal() and len(linked) < 9:
        return min(max(0, int(linked) - 1), last)
    return None


# `made` is when the learner last gave a sign of life: a run that goes on is looked at afresh.


@st.cache_data(show_spinner=False, max_entries=64)
def _telling_step(run_id: str, learner: str, last: int, made: float, _runs: RunStore) -> int:
    """Among steps of the run's first fifth, one in which the critic sees a slip and misses another, most clearly.

    Without such a step, or without a critic, the one whose panel has most groups with right and wrong responses. Early,
    so that there is much left to learn; the latest of equals, so that a critic has learnt something already.
    """
    until = max(1, last // 5) if last else 0
    steps: list[tuple[tuple[int, float], int, int]] = []
    for step in range(0, until + 1, max(1, until // LOOKED_AT)):
        groups = groups_of(_runs.samples(run_id, learner, step), _runs.tokens(run_id, learner, step))
        steps.append((shows(slips(groups)), sum(x.mixed for x in groups), step))
    return max(steps)[2]


@st.cache_resource(show_spinner=False, max_entries=64)
def _frozen(run_id: str, learner: str, step: int, made: float, _runs: RunStore) -> Frozen:
    run = _runs.get(run_id)
    fields = settings_at(_runs, run, learner, step)
    own = {f"{learner}.{k}": v for k, v in fields.items() if k in type(run.config.learner(learner)).model_fields}
    own = {k: v for k, v in own.items() if k.rpartition(".")[2] not in ("name", "algorithm")}
    settings = change(run.config, own).learner(learner)
    samples, tokens = _runs.samples(run_id, learner, step), _runs.tokens(run_id, learner, step)
    if not tokens.num_rows:
        raise DataUnreadable("no token of its step {step} was kept", step=step + 1)
    lacking = incomplete(samples, tokens, without(settings), finite=True)
    if lacking is not None:
        raise DataUnreadable(
            "its step {step} lacks numbers that this page is about ({column})", step=step + 1, column=lacking
        )
    return Frozen(run, learner, step, settings, samples, tokens)
