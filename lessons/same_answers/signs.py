"""Which response the lesson starts with: one of whose tokens PPO credits against the sign that GRPO gives them all."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core.runs.store import RunStore
from lessons import shared
from lessons.kit.lesson import Frozen, Group, Reply, at_step
from lessons.kit.lesson.replies import slip_of
from lessons.kit.lesson.stored_groups import groups_of

#: By so much, in units of reward, a token's credit has to be of the other sign.
CLEAR = 0.1
#: Among how many of a run's steps a response is looked for, where the first step shown has none.
LOOKED_AT = 24


def against(reply: Reply, group: Group) -> float:
    """The most that a token of the response is credited against GRPO's sign, before whitening; 0 where none is."""
    edge = reply.reward - sum(group.rewards) / len(group.rewards)
    credit = [x for x in reply.column("advantage_raw") if x is not None]
    if edge == 0 or not credit:
        return 0.0
    return max(0.0, -min(credit) if edge > 0 else max(credit))


def opposed(groups: Iterable[Group]) -> Reply | None:
    """The response to look at: one whose slip the critic sees before others, then the one credited most against GRPO.

    None where no response has a token of the other sign by at least `CLEAR`.
    """
    known = [(against(x, group), x, slip_of(x, group)) for group in groups for x in group.replies if not x.truncated]
    clear = [(slip is not None and slip.seen, most, x) for most, x, slip in known if most >= CLEAR]
    return max(clear, key=lambda x: x[:2])[2] if clear else None


def start(batch: Frozen) -> Frozen:
    """The batch itself if it has such a response or the link names its step; else the run's first step that has one."""
    if st.query_params.get("step") or opposed(batch.groups) is not None:
        return batch
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    step = _step(batch.run.id, batch.learner, learner.step, learner.updated, shared.store())
    return batch if step is None else at_step(batch, step)


@st.cache_data(show_spinner=False, max_entries=64)
def _step(run_id: str, learner: str, last: int, made: float, _runs: RunStore) -> int | None:
    for step in range(0, last + 1, max(1, (last + LOOKED_AT) // LOOKED_AT)):
        tokens = _runs.tokens(run_id, learner, step)
        if tokens.num_rows and opposed(groups_of(_runs.samples(run_id, learner, step), tokens)) is not None:
            return step
    return None
