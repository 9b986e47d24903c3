"""A run's rounds as this lesson plays them: the responses of one question a round, and what its update did to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.records import LearnerInfo, RunInfo
from core.runs.store import RunStore
from core.training.trace import prompts_of
from lessons import shared
from lessons.kit.display import is_live
from lessons.kit.lesson import Frozen, Group, Reply, stored_step

MOST = 12  # rounds that are played
OTHERS = 4  # prompts of a step that are shown beside the round's


@dataclass(frozen=True)
class Folded:
    """A response, and how often the policy wrote it in this round. Probabilities are of the whole response."""

    reply: Reply
    count: int
    before: float  # under the policy that wrote it
    after: float  # under the policy after the step's last update
    start: float | None  # under the start model; None where the run kept none


@dataclass(frozen=True)
class Round:
    """One step of the run, and one of its questions."""

    step: int  # from 0
    group: Group
    written: tuple[Folded, ...]  # different responses, the most frequent first
    others: tuple[str, ...] = ()  # some other prompts of the step

    @property
    def count(self) -> int:
        """How many responses the question got."""
        return len(self.group.replies)

    @property
    def right(self) -> int:
        return sum(x.success for x in self.group.replies)

    def together(self, success: bool) -> tuple[float, float] | None:
        """Probability of all the different right (or wrong) responses together, before and after the update."""
        of = [x for x in self.written if x.reply.success is success]
        return (sum(x.before for x in of), sum(x.after for x in of)) if of else None


@dataclass(frozen=True)
class Played:
    """A learner's run as the picture plays it, as far as it has come."""

    run: RunInfo
    learner: LearnerInfo
    rounds: tuple[Round, ...]  # those that can be read; at least one
    first: Frozen  # the step of the first of them
    success: tuple[float, ...]  # the share of right responses of each step, over all its responses

    @property
    def live(self) -> bool:
        return is_live(self.run)


def probability(reply: Reply, column: str, number: int = 0) -> float | None:
    """exp of the sum of a response's log-probabilities; None where one of them was not recorded."""
    known = reply.column(column, number)
    return math.exp(sum(x for x in known if x is not None)) if all(x is not None for x in known) else None


def round_of(batch: Frozen) -> Round:
    """The step's question to look at: one with right and wrong responses, where there is one."""
    group = max(batch.groups, key=lambda x: (x.mixed, -x.number))
    same: dict[tuple[str, ...], list[Reply]] = {}
    for reply in group.replies:
        same.setdefault(reply.tokens, []).append(reply)
    written = [
        Folded(
            replies[0],
            len(replies),
            probability(replies[0], "logprob") or 0.0,
            probability(replies[0], "logprob", -1) or 0.0,
            probability(replies[0], "logprob_ref"),
        )
        for replies in same.values()
    ]
    others = [x for x in prompts_of(batch.samples) if x.strip() != group.prompt.strip()]
    ordered = tuple(sorted(written, key=lambda x: -x.count))
    return Round(batch.step, group, ordered, tuple(dict.fromkeys(others))[:OTHERS])


def chosen(last: int, most: int = MOST) -> list[int]:
    """Steps from 0 to `last` that are played: close together at first, where most is learnt; never one twice."""
    if last < most:
        return list(range(last + 1))
    ways = most - 1
    return sorted({round(last * (i / ways) ** 2) for i in range(most)} | set(range(2)))[: most + 1]


def played_of(run: RunInfo, name: str) -> Played | None:
    """The rounds of a run's learner, as far as it has made them; None where none of them can be read.

    Of a run that goes on, those are played that will be played of the whole: rounds are added, and none is taken away.
    """
    learner = next(x for x in run.learners if x.name == name)
    rows = _rows(run.id, name)
    last = learner.steps - 1 if is_live(run) else learner.step
    rounds: list[Round] = []
    first: Frozen | None = None
    for step in chosen(last):
        if step not in rows:
            continue
        made = float(rows[step]["wall_time_s"] or 0.0)
        try:
            rounds.append(_round(run.id, name, step, made, run))
            first = first or stored_step(run, name, step, made)
        except (DataUnreadable, RunNotFound):
            continue
    if first is None:
        return None
    success = tuple(
        float(rows[x]["success_rate"] or 0.0) for x in sorted(rows) if x <= max(learner.step, rounds[-1].step)
    )
    return Played(run, learner, tuple(rounds), first, success)


# `made`: the run's clock at that step. A step that is made anew has another one.


@st.cache_resource(show_spinner=False, max_entries=256)
def _round(run_id: str, learner: str, step: int, made: float, _run: RunInfo) -> Round:
    return round_of(stored_step(_run, learner, step, made))


def _rows(run_id: str, learner: str) -> Mapping[int, Mapping[str, Any]]:
    """A learner's step rows by their step."""
    runs: RunStore = shared.store()
    rows, _cursor = runs.rows_since(run_id, -1)
    return {row["step"]: row for row in rows if row["learner"] == learner}
