"""What the web process computes with a run's models: shared by all viewers, one computation at a time, a few kept.

Call `engine()` first (see lessons/kit/lesson/engine.py); torch is imported inside functions only.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from core.runs.records import RunInfo
from lessons import shared
from lessons.kit.lesson import Frozen, engine

if TYPE_CHECKING:
    from core.insight.agreement import Agreement
    from core.insight.panel import Panel
    from core.insight.replay import ReplayedModels
    from core.training.continuations import TrueValues

T = TypeVar("T")
Progress = Callable[[float], object]

#: How many continuations of each prefix may be chosen.
CONTINUATIONS = (8, 32, 128, 512)


class Kept:
    """The last few results of one kind. One thread computes at a time: two cores are not made more by sharing."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of this key, made if need be. What fails is not kept."""
        with self._lock:
            if key not in self._results:
                self._results[key] = make()
            self._results.move_to_end(key)
            while len(self._results) > self._most:
                self._results.popitem(last=False)
            result: T = self._results[key]
            return result

    def has(self, key: Hashable) -> bool:
        return key in self._results


@st.cache_resource(show_spinner=False)
def _models() -> Kept:
    return Kept(4)  # some 10 MB each


@st.cache_resource(show_spinner=False)
def _truths() -> Kept:
    return Kept(32)


@dataclass(frozen=True)
class Truth:
    """The panel of a PPO step, measured: what each token truly did, and what PPO and GRPO credited it with.

    Credits are in units of reward: before whitening and before division by a standard deviation.
    """

    panel: Panel
    true: TrueValues
    ppo: Any  # [B, T] advantages as in the trace, the KL penalty included
    grpo: Any  # [B, T] what GRPO gives the same responses
    critic: Any  # [B, T] V of the prefix before each token
    agreement: dict[str, Agreement]  # "ppo", "grpo"
    explained: float | None  # share of the true values' variance that the critic explains
    origin: str  # how the policy was had
    drift: float
    seconds: float  # for the continuations alone


def models(run: RunInfo, learner: str, step: int, progress: Progress | None = None) -> ReplayedModels:
    """The models that made a step, as core.insight.replay has them. Raises ValueError if that would take long."""
    engine()
    from core.insight.replay import models_at

    def report(done: int, all_: int) -> None:
        if progress is not None:
            progress(done / max(1, all_))

    key = (run.id, run.created, learner, step)
    return _models().get(key, lambda: models_at(shared.store(), run.id, learner, step, report))


def is_measured(batch: Frozen, continuations: int) -> bool:
    return _truths().has(_key(batch, continuations))


def truth(batch: Frozen, continuations: int, progress: Progress | None = None) -> Truth:
    """Measures the panel's prefixes under the policy that wrote them. Kept, so the same question costs nothing."""
    trained = models(batch.run, batch.learner, batch.step, progress)
    return _truths().get(_key(batch, continuations), lambda: _measure(batch, trained, continuations, progress))


def _key(batch: Frozen, continuations: int) -> Hashable:
    return batch.run.id, batch.run.created, batch.learner, batch.step, continuations


def _measure(batch: Frozen, trained: ReplayedModels, continuations: int, progress: Progress | None) -> Truth:
    from core.algorithms.value_loss import explained_variance
    from core.insight.agreement import compare
    from core.insight.panel import Panel
    from core.learners.registry import credit_for, learner
    from core.training.continuations import Oracle, Responses

    panel = Panel.of(batch.samples, batch.tokens)
    responses = Responses(panel.prompts, panel.completion_ids, panel.mask, panel.rewards)

    def report(done: int, all_: int) -> None:
        if progress is not None:
            progress(done / max(1, all_))

    started = time.perf_counter()
    true = Oracle.of(trained.trainer).estimate(responses, continuations=continuations, progress=report)
    seconds = time.perf_counter() - started
    grpo = credit_for(learner("grpo", scale_rewards="none"))(panel.experience()).advantages
    ppo, critic = panel.column("advantage_raw"), panel.column("value")
    agreement = {
        name: compare(x, true.advantages, panel.mask, panel.rewards, true.advantages_high)
        for name, x in (("ppo", ppo), ("grpo", grpo))
    }
    explained = float(explained_variance(critic, true.values, panel.mask))
    known = explained if math.isfinite(explained) else None
    return Truth(panel, true, ppo, grpo, critic, agreement, known, trained.origin, trained.drift, seconds)
