"""What a critic knows, measured now and then: true values of some responses' prefixes, beside those that trained.

At evaluations the first responses of a step get what VinePPO has for its credit (core/training/continuations.py): K
fresh continuations of every prefix by the policy that sampled them, before its update. Nothing is learnt from them, so
they count as no responses seen, and their random numbers are a stream of their own: a run with the check trains as one
without it, bit for bit. They are the responses that the trace keeps the tokens of, from the first question on, so that
learners of a run are checked on the same questions; where their groups differ in size, one's are another's first.

It concerns every learner: what true values would have explained, and what a group's mean does, is of use where no
critic is. n responses, T positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.algorithms.advantages import group_baseline
from core.algorithms.foresight import Noise, best_constant, ceiling, foresight, measuring_noise
from core.algorithms.types import Experience, take
from core.config import RunConfig
from core.learners.registry import AnyLearner
from core.training.continuations import Oracle, Sampler, TrueValues
from core.training.gather import Gathered
from core.training.trace import VALUE_CHECK


@dataclass(frozen=True)
class ValueCheck:
    """The true values of a step's first n responses [n, T], measured."""

    truth: TrueValues

    def columns(self) -> dict[str, Tensor]:
        """What the trace's TOKENS keep of it, [n, T] each."""
        return {
            "value_measured": self.truth.values,
            "value_measured_noise": self.truth.noise,
            "advantage_measured": self.truth.advantages,
        }

    def numbers(self, experience: Experience) -> dict[str, float | int | None]:
        """The columns VALUE_CHECK of STEPS, from the step's experience of all its responses.

        The noise of measuring is taken off each (core/algorithms/foresight.py, `measuring_noise`). Where the learner
        has no values, or a response no others in its group, what would be theirs is None.
        """
        truth = self.truth
        own = take(experience, torch.arange(len(truth.values), device=experience.mask.device))
        mask, rewards = own.mask.cpu(), own.rewards.cpu().double()
        true, noise = truth.values.cpu().double(), measuring_noise(truth.noise.cpu().double(), truth.which.cpu(), mask)
        seen = None if own.values is None else foresight(own.values.cpu().double(), true, rewards, mask, noise)
        return {
            "value_explained": None if seen is None else seen.explained,
            "value_outcome_explained": None if seen is None else seen.outcome,
            "value_outcome_ceiling": ceiling(true, rewards, mask, noise),
            "value_error": None if seen is None else seen.error,
            "value_error_group_mean": _error_of_others(true, rewards, own.group.cpu(), mask, noise),
            "value_error_constant": best_constant(true, mask, noise),
            "value_check_scored": truth.rollouts,
        }


#: Of a step without a check.
UNCHECKED: dict[str, float | int | None] = dict.fromkeys(VALUE_CHECK)


def _error_of_others(true: Tensor, rewards: Tensor, group: Tensor, mask: Tensor, noise: Noise) -> float | None:
    """The mean squared error of GRPO's idea of a value, the mean reward of the group's other responses; None where a
    response has none."""
    if bool((torch.unique(group, return_counts=True)[1] < 2).any()):
        return None
    others = group_baseline(rewards, group, "leave-one-out")[:, None].expand_as(true)
    return foresight(others, true, rewards, mask, noise).error


def how_many(config: RunConfig, settings: AnyLearner, step: int, kept: int) -> int:
    """How many of the `kept` responses, whose tokens go into the trace, are checked at a step."""
    count = config.checked(settings)
    return min(kept, count) if count and step % config.eval_every == 0 else 0


def check(
    learner: Sampler, settings: AnyLearner, gathered: Gathered, step: int, kept: int, generator: torch.Generator
) -> ValueCheck | None:
    """Measures a step's first responses where that is due, by the learner's policy as it is, which wrote them; of
    `kept` responses the trace keeps the tokens. None where nothing is to be measured."""
    config = learner.config
    count = how_many(config, settings, step, kept)
    if count == 0:
        return None
    oracle, continuations = Oracle.of(learner), config.value_check_continuations
    return ValueCheck(oracle.estimate(gathered.written(count), continuations=continuations, seed=generator))
