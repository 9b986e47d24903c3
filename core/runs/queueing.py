"""Which place a run that waits has in the queue, and how long it will probably wait."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.runs.records import LearnerInfo, RunInfo, UnreadableRun

if TYPE_CHECKING:
    from core.runs.store import RunStore

#: Seconds per step of a learner, by what its own rows tell; None where it has made none.
Pace = Callable[[str, str], float | None]


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """1: the next to begin. `wait_s`: seconds until then, None where nobody can know."""

    place: int
    wait_s: float | None


def place_of(run: RunInfo, runs: Iterable[RunInfo | UnreadableRun], pace: Pace) -> QueuePlace | None:
    """The place of a run that waits while others train; None where none trains, so that it begins at once.

    Runs begin in the order in which they were queued, each when one that trains has ended. As many as train now are
    taken to be as many as may. A run that has made no step yet is taken to be as fast as the slowest that has.
    """
    if run.status != "queued" or not run.under_way or any(x.step >= 0 for x in run.learners):
        return None
    known = [x for x in runs if isinstance(x, RunInfo)]
    training = [x for x in known if x.active and x.id != run.id]
    if not training:
        return None
    waiting = [x for x in known if x.status == "queued" and x.under_way and x.id != run.id]
    ahead = sorted((x for x in waiting if _queued(x) < _queued(run)), key=_queued)
    return QueuePlace(len(ahead) + 1, _wait(training, ahead, pace))


def _wait(training: Sequence[RunInfo], ahead: Sequence[RunInfo], pace: Pace) -> float | None:
    """Seconds until those that train, and then those ahead, have left a place free."""
    paces = [p for run in training for x in run.learners if (p := pace(run.id, x.name)) is not None]
    if not paces or any(run.status == "paused" for run in training):
        return None
    ends = [_left(run.learners, lambda name, run=run: pace(run.id, name) or max(paces)) for run in training]  # type: ignore[misc]
    heapq.heapify(ends)
    for run in ahead:
        heapq.heapreplace(ends, ends[0] + _left(run.learners, lambda _: max(paces)))
    return ends[0]


def _left(learners: Sequence[LearnerInfo], pace: Callable[[str], float]) -> float:
    return max((x.steps - 1 - x.step) * pace(x.name) for x in learners)


def _queued(run: RunInfo) -> tuple[float, str]:
    return min(x.updated for x in run.learners), run.id


def paces(store: RunStore, runs: Iterable[RunInfo | UnreadableRun]) -> Pace:
    """Seconds per step of each learner that trains, from the clock of its last step."""
    last = {(run.id, x.name): x.step for run in runs if isinstance(run, RunInfo) and run.active for x in run.learners}

    def pace(run_id: str, learner: str) -> float | None:
        step = last.get((run_id, learner), -1)
        if step < 0:
            return None
        seconds = store.scalars(run_id, learner, step).get("wall_time_s")
        return None if seconds is None else float(seconds) / (step + 1)

    return pace
