"""What the web process computes with a run's models: shared by all viewers, one computation at a time, a few kept.

Call `engine()` first (see lessons/kit/lesson/engine.py); torch is imported inside functions only.
"""

from __future__ import annotations

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
    from core.algorithms.foresight import Foresight
    from core.insight.agreement import Agreement
    from core.insight.panel import Panel
    from core.insight.parts import CreditParts
    from core.insight.replay import ReplayedModels
    from core.training.continuations import TrueValues

T = TypeVar("T")
ShareProgress = Callable[[float], object]

#: How many continuations of each prefix may be chosen.
CONTINUATIONS = (8, 32, 128, 512)
#: By so many at least are the values measured that stand for a perfect critic's.
PERFECT = 128


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
    parts: CreditParts  # of that: the critic's and the penalty's
    grpo: Any  # [B, T] what GRPO gives the same responses
    critic: Any  # [B, T] V of the prefix before each token
    #: "ppo" and "grpo"; without the penalty: "critic", "lambda-0", and "perfect" with the true values in its place.
    agreement: dict[str, Agreement]
    critic_fit: Foresight  # the critic's values beside the true ones
    group_fit: Foresight  # the mean reward of the others in the group in their place
    constant_error: float  # the best constant's mean squared error
    ceiling: float | None  # share of the rewards' variance that the true values explain
    noise: float  # what measuring with so many continuations adds to every mean squared error
    origin: str  # how the policy was had
    drift: float
    seconds: float  # for the continuations alone


def models(run: RunInfo, learner: str, step: int, progress: ShareProgress | None = None) -> ReplayedModels:
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


def truth(batch: Frozen, continuations: int, progress: ShareProgress | None = None) -> Truth:
    """Measures the panel's prefixes under the policy that wrote them. Kept, so the same question costs nothing."""
    trained = models(batch.run, batch.learner, batch.step, progress)
    return _truths().get(_key(batch, continuations), lambda: _measure(batch, trained, continuations, progress))


def _key(batch: Frozen, continuations: int) -> Hashable:
    return batch.run.id, batch.run.created, batch.learner, batch.step, continuations


def _measure(batch: Frozen, trained: ReplayedModels, continuations: int, progress: ShareProgress | None) -> Truth:
    from core.algorithms.foresight import best_constant, foresight, measuring_noise
    from core.insight.agreement import compare
    from core.insight.parts import parts_under
    from core.insight.whatif import adjusted, credit_under, stored_step, values_of
    from core.learners.registry import learner
    from core.training.continuations import Oracle, Responses

    step = stored_step(batch.samples, batch.tokens)
    panel, mask, rewards = step.panel, step.panel.mask, step.panel.rewards
    responses = Responses(panel.prompts, panel.completion_ids, mask, rewards)

    def report(done: int, all_: int) -> None:
        if progress is not None:
            progress(done / max(1, all_))

    started = time.perf_counter()
    true = Oracle.of(trained.trainer).estimate(responses, continuations=continuations, progress=report)
    seconds = time.perf_counter() - started
    # Perfect values are measured apart: had they the truth's own noise in them, they would agree with it too well.
    apart = Oracle.of(trained.trainer).estimate(responses, continuations=max(PERFECT, continuations), seed=1)
    ppo, critic, group = panel.column("advantage_raw"), panel.column("value"), values_of(step, "leave-one-out")
    assert group is not None
    # A cut-off response is taken as over: the value after one may not be in a trace.
    settings = adjusted(batch.settings, {"bootstrap_truncated": False})
    bare = adjusted(settings, {"kl_coef": 0.0})
    credits = {
        "ppo": ppo,
        "critic": credit_under(step, bare).advantages_raw,
        "lambda-0": credit_under(step, adjusted(bare, {"lam": 0.0})).advantages_raw,
        "perfect": credit_under(step, bare, apart.values).advantages_raw,
        "grpo": credit_under(step, learner("grpo", scale_rewards="none")).advantages,
    }
    return Truth(
        panel=panel,
        true=true,
        ppo=ppo,
        parts=parts_under(step, settings),
        grpo=credits["grpo"],
        critic=critic,
        agreement={
            name: compare(x, true.advantages, mask, rewards, true.advantages_high) for name, x in credits.items()
        },
        critic_fit=foresight(critic, true.values, rewards, mask),
        group_fit=foresight(group, true.values, rewards, mask),
        constant_error=best_constant(true.values, mask),
        ceiling=foresight(apart.values, true.values, rewards, mask).outcome,
        noise=measuring_noise(true.noise, true.which, mask).squared,
        origin=trained.origin,
        drift=trained.drift,
        seconds=seconds,
    )
