"""A stored step under other settings: which credit, clipping and gradient its tokens would have had.

Everything goes through the functions that train (`credit_for`, `policy_objective`, `token_weights`), on the numbers of
the trace alone: no model is needed. The responses and the models' numbers for them stay as they are, so this shows what
one update would have seen, not where training would have led.

A trace that keeps a panel has only its responses. Credit that needs a whole step (whitening, scale_rewards=batch) is
then normalised over the panel instead, and differs a little from the trace's; with trace=all it is the same. Groups are
always whole.

B responses, T positions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from core.algorithms.advantages import group_baseline
from core.algorithms.aggregation import token_weights
from core.algorithms.kl import ESTIMATORS
from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Credit, Experience
from core.config import RunConfig
from core.errors import RequestError
from core.given_config import change
from core.insight.panel import Panel
from core.learners.registry import AnyLearner, credit_for, learner_kind
from core.learners.settings import LearnerSettings
from core.tasks.base import Task

#: Whose word the values are: the critic's as stored (or, for `vine`, the measured ones), the mean reward of the
#: response's group at every position, the mean of the others in its group, or nobody's (0).
ValueSource = Literal["stored", "group-mean", "leave-one-out", "zero"]

Settings = TypeVar("Settings", bound=LearnerSettings)


@dataclass(frozen=True)
class StoredStep:
    """One learner's stored step."""

    panel: Panel
    experience: Experience
    logprobs: tuple[Tensor, ...]  # [B, T] after each pass; the first are those before the first update

    @property
    def passes(self) -> int:
        """Passes over the rollout that were kept, besides the state before them."""
        return len(self.logprobs) - 1


@dataclass(frozen=True)
class Effect:
    """What the loss makes of each token; tensors [B, T], what stands where the mask is False means nothing."""

    loss: float
    ratio: Tensor
    clipped: Tensor  # int8: -1 low side, 0 not, +1 high side
    surrogate: Tensor
    objective: Tensor
    weights: Tensor  # of each token in the loss; 0 where the mask is False
    kl: dict[str, Tensor]  # k1, k2, k3 of the policy at this pass; empty where there is no reference
    #: d loss / d log π(o_t) by autograd: negative where the token is made likelier; 0 where the mask is False.
    gradient: Tensor


def stored_step(samples: pa.Table, tokens: pa.Table) -> StoredStep:
    """From the SAMPLES and TOKENS tables of one learner's step, as a store or an export gives them."""
    panel = Panel.of(samples, tokens)
    if "written" in tokens.column_names:  # an environment's tokens have no numbers
        tokens = tokens.filter(pc.fill_null(tokens["written"], True))
    ordered = tokens.select(["pass", "sample", "position", "logprob"])
    ordered = ordered.sort_by([("pass", "ascending"), ("sample", "ascending"), ("position", "ascending")])
    columns = []
    for number in range(int(pc.max(ordered["pass"]).as_py()) + 1):
        column = ordered.filter(pc.equal(ordered["pass"], number))["logprob"].to_numpy()
        # In this order the tokens stand as the mask's true places do, response by response.
        columns.append(torch.zeros(panel.mask.shape).masked_scatter(panel.mask, torch.tensor(column)))
    return StoredStep(panel, panel.experience(), tuple(columns))


def adjusted(settings: Settings, assignments: Mapping[str, Any]) -> Settings:
    """The settings with some replaced; raises ConfigError with a sentence if one does not exist or cannot be."""
    if not assignments:
        return settings
    # A run knows which settings go together, and has a sentence for each that does not. This is the smallest one whose
    # responses the learner's groups and mini-batches both divide; a real run's are a multiple of it.
    group = settings.num_generations or 2
    prompts = math.lcm(group, settings.num_mini_batches) // group
    run = RunConfig(learners=(settings,), prompts_per_step=prompts, num_generations=group)
    changed = change(run, {f"{settings.name}.{name}": value for name, value in assignments.items()})
    return changed.learner(settings.name)  # type: ignore[return-value]


def values_of(step: StoredStep, values: ValueSource | Tensor = "stored") -> Tensor | None:
    """V(s_t) [B, T] of that kind, or the tensor itself (an oracle's, say); None where the trace has none."""
    experience = step.experience
    if isinstance(values, Tensor):
        return values
    if values == "stored":
        return experience.values
    if values == "zero":
        return torch.zeros(experience.mask.shape)
    mean = group_baseline(experience.rewards, experience.group, values)
    return torch.where(experience.mask, mean[:, None], 0)


def mixed_values(step: StoredStep, weight: float) -> Tensor:
    """(1 - weight) · what is stored + weight · the group's mean: from a critic to GRPO's idea of a value, [B, T].

    Raises RequestError where the trace has no values.
    """
    stored, mean = values_of(step), values_of(step, "group-mean")
    if stored is None or mean is None:
        raise RequestError("this learner has no values to start from")
    return torch.lerp(stored, mean, weight)


def credit_under(
    step: StoredStep, settings: AnyLearner, values: ValueSource | Tensor = "stored", task: Task | None = None
) -> Credit:
    """The responses' credit under any learner's settings: GRPO's of PPO's responses, PPO's with another λ, …

    What the settings' kind measures of responses is measured again with `task`, the run's; without it the trace's own
    numbers are taken.

    Raises RequestError if the settings need what a trace does not have: values where the learner had none (give
    others), the value after a cut-off response (`bootstrap_truncated`), or what their kind measures.
    """
    extra = _measured(step, settings, task)
    return credit_for(settings)(replace(step.experience, values=values_of(step, values), extra=extra))


def _measured(step: StoredStep, settings: AnyLearner, task: Task | None) -> Mapping[str, Tensor]:
    """The columns that the trace has beyond every trace's, and what the settings' kind measures of the responses."""
    kind, known = learner_kind(settings), step.experience.extra
    if kind.measure is None:
        return known
    if task is not None:
        return {**known, **kind.measure(settings, step.panel.written(task))}
    if missing := [x.name for x in kind.columns if x.name not in known]:
        raise RequestError(
            "{learner} learns from what is measured of responses ({columns}), which was not recorded of these",
            learner=settings.name,
            columns=missing,
        )
    return known


def effect_under(
    step: StoredStep, credit: Credit, settings: LearnerSettings, max_length: int, number: int = 0
) -> Effect:
    """What the update would have done after `number` passes with that credit and these clip, KL and aggregation
    settings; `max_length` is the run's max_completion_length in tokens. The entropy bonus is left out: its gradient
    does not go through the log-probability of the token alone.

    All responses are taken at the state after those passes, as one mini-batch. After the last pass no gradient was
    taken: there it is what a further pass would have done.
    """
    experience, settings = step.experience, settings.model_copy(update={"entropy_coef": 0.0})
    logprob = step.logprobs[number].clone().requires_grad_()
    result = policy_objective(logprob, experience, credit, settings, max_length)
    (gradient,) = torch.autograd.grad(result.loss, logprob)
    kl = {}
    if experience.logprobs_ref is not None:
        kl = {name: estimate(logprob.detach(), experience.logprobs_ref) for name, estimate in ESTIMATORS.items()}
    return Effect(
        float(result.loss.detach()),
        result.ratio.detach(),
        result.clipped,
        result.surrogate.detach(),
        result.objective.detach(),
        token_weights(experience.mask, settings.aggregation, max_length),
        kl,
        gradient,
    )
