"""Learners of a run that keep level: each begins a step only when all others have finished the one before.

Nobody locks anything: a learner reads the others' rows before each step, and what a person asks for is written down
together with the step after which it shall be in force. Both go by the same rows, and asking is one transaction, so:

- a learner looks first who is behind, and only then, as the last thing before it begins, what it was asked (Worker);
- so who was asked while all stood at step k, one of them perhaps already in k + 1, makes k + 1, as all others do;
- who was asked while some had finished k and others had not, ends at k: nobody can have begun k + 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from core.runs import lifecycle
from core.runs.damage import LEARNER, damaged
from core.runs.tables import learners, runs

#: What is in force at a common step. A change of settings counts from each learner's next step.
AT_A_STEP = ("pause", "step", "stop")


class Readable(lifecycle.Writable, Protocol):
    """Where the rows are: a store."""

    def read(self) -> AbstractContextManager[sa.Connection]: ...


def behind(store: Readable, run_id: str, learner: str, step: int) -> list[str]:
    """Names of the other learners that have yet to finish `step`; only those that a living process looks after.

    One that failed, was stopped or has finished is waited for by nobody, and a process that died without a word is
    noticed here, as everywhere, after some seconds of silence.
    """
    others = sa.and_(learners.c.run == run_id, learners.c.name != learner, learners.c.step < step)
    with store.read() as c:
        rows = c.execute(sa.select(learners).where(others).order_by(learners.c.position)).mappings().all()
    # Of a damaged row nobody knows whether it goes on; its run cannot be opened, and says why.
    waited_for = [row for row in rows if not damaged(row, LEARNER) and _under_way(row)]
    dead = lifecycle.mark_dead(store, waited_for)
    return [row["name"] for row in waited_for if (run_id, row["name"]) not in dead]


def _under_way(row: Mapping[str, Any]) -> bool:
    return row["status"] in lifecycle.LIVE and row["pid"] is not None


def after_steps(c: sa.Connection, run_id: str, names: Sequence[str], kind: str) -> dict[str, int]:
    """After which step (−1: before the first) each learner shall do what is asked of all of them, in this transaction.

    The run's row is locked first, as it is for every step that is added, so that no step is finished meanwhile.
    """
    c.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update())
    query = sa.select(learners).where(learners.c.run == run_id, learners.c.name.in_(names))
    rows = c.execute(query).mappings().all()
    made = {row["name"]: row["step"] for row in rows}
    if not made:
        return {}
    if kind == "step":  # who is ahead waits, who is behind comes after
        return dict.fromkeys(made, min(made.values()) + 1)
    if not any(_may_train(row) for row in rows):
        return made
    all_equal = len(set(made.values())) == 1  # then one may be in the next step already
    common = max(made.values()) + all_equal
    return {name: min(common, step + 1) for name, step in made.items()}


def _may_train(row: Mapping[str, Any]) -> bool:
    """Whether a learner may be in the middle of a step: it runs, and does not say that it prepares or waits."""
    return row["status"] == "running" and row["preparing"] is None
