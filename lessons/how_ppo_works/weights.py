"""The weights behind the frozen batch. They are not in a trace: measured when asked for, kept for all viewers.

It takes seconds, and a page's script ends when its viewer clicks elsewhere: so the work is done in a thread of its own,
one at a time for the whole process, which never touches Streamlit; pages ask how far it is.
"""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from lessons import shared
from lessons.kit.lesson import Frozen, engine


@dataclass(frozen=True)
class ModelWeights:
    """By box ("policy", "reference", "value"): number of parameters, distance from the start weights."""

    parameters: dict[str, int]
    distance: dict[str, float]
    origin: str  # "start", "checkpoint" or "training again"
    drift: float  # how well these models' scores of the batch fit the stored ones; 0 is exactly


@dataclass
class Job:
    """A measurement under way or done; `done` of `of` training steps made again."""

    future: Future[ModelWeights] = field(default_factory=Future)
    done: int = 0
    of: int = 0


_jobs: OrderedDict[tuple[str, str, int], Job] = OrderedDict()
_lock = threading.Lock()
_pool = ThreadPoolExecutor(1, "weights")
_MOST = 64


def job(batch: Frozen) -> Job | None:
    """The measurement of this step, by whoever asked for it; None if nobody did, or if it failed."""
    with _lock:
        known = _jobs.get((batch.run.id, batch.learner, batch.step))
    return None if known and known.future.done() and known.future.exception() else known


def measure(batch: Frozen) -> None:
    """Gets the models of the step back (see core.insight.replay) and measures them, unless that is under way."""
    if job(batch) is not None:
        return
    made = Job()
    with _lock:
        _jobs[batch.run.id, batch.learner, batch.step] = made
        while len(_jobs) > _MOST:
            _jobs.popitem(last=False)
    made.future = _pool.submit(_measure, batch.run.id, batch.learner, batch.step, made)


def _measure(run_id: str, learner: str, step: int, running: Job) -> ModelWeights:
    engine()
    from core.insight.replay import models_at
    from core.insight.weights import weights_of

    def tell(done: int, of: int) -> None:
        running.done, running.of = done, of

    models = models_at(shared.store(), run_id, learner, step, tell)
    weights = weights_of(models.trainer)
    measured = ModelWeights(
        {name: x.parameters for name, x in weights.items()},
        {name: x.distance for name, x in weights.items()},
        models.origin,
        models.drift,
    )
    del models
    gc.collect()
    gc.freeze()  # transformers has come in with the models: out of the collector's way with it, too
    return measured
