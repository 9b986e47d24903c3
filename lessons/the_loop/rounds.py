"""A run's rounds as this lesson plays them: the responses of one question a round, and what its update did to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.store import RunStore
from lessons import shared
from lessons.kit.lesson import Frozen, Group, Reply, at_step

MOST = 12  # rounds that are played


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
    return Round(batch.step, group, tuple(sorted(written, key=lambda x: -x.count)))


def chosen(last: int, most: int = MOST) -> list[int]:
    """Steps from 0 to `last` that are played: close together at first, where most is learnt; never one twice."""
    if last < most:
        return list(range(last + 1))
    ways = most - 1
    return sorted({round(last * (i / ways) ** 2) for i in range(most)} | set(range(2)))[: most + 1]


def rounds_of(batch: Frozen) -> list[Round]:
    """The rounds of the batch's learner; steps that cannot be read are left out."""
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    played = []
    for step in chosen(learner.step):
        try:
            played.append(round_of(at_step(batch, step)))
        except (DataUnreadable, RunNotFound):
            continue
    return played


def successes(batch: Frozen) -> list[float]:
    """The share of right responses of each step of the learner, over all the step's responses."""
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    return _successes(batch.run.id, batch.learner, learner.step, learner.updated, shared.store())


@st.cache_data(show_spinner=False, max_entries=64)
def _successes(run_id: str, learner: str, last: int, made: float, _runs: RunStore) -> list[float]:
    rows, _cursor = _runs.rows_since(run_id, -1)
    own = {row["step"]: row["success_rate"] for row in rows if row["learner"] == learner}
    return [own[step] for step in sorted(own) if step <= last]
