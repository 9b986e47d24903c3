"""The loss that every learner shares. PPO and GRPO differ in the advantages that come in, and in nothing here.

objective_t = min(rho_t A_t, clip(rho_t) A_t) - beta KL_t + entropy_coef H_t          loss = -aggregate(objective)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.algorithms.aggregation import aggregate
from core.algorithms.kl import ESTIMATORS
from core.algorithms.surrogate import clipped_side, clipped_surrogate, importance_ratio
from core.algorithms.types import Credit, Experience
from core.config import LearnerSettings


@dataclass(frozen=True)
class PolicyLoss:
    """The loss and, token by token, what it was made of. What stands where the mask is False means nothing."""

    loss: Tensor  # one number, to be minimised
    ratio: Tensor  # [B, T]
    clipped: Tensor  # int8 [B, T]: -1 low side, 0 not, +1 high side
    surrogate: Tensor  # [B, T] what the min gives
    kl: Tensor | None  # [B, T] the estimate in the loss; None where beta is 0
    objective: Tensor  # [B, T] surrogate - beta * kl + entropy_coef * entropy


def policy_objective(
    logprob: Tensor,
    experience: Experience,
    credit: Credit,
    settings: LearnerSettings,
    max_length: int,
    entropy: Tensor | None = None,
) -> PolicyLoss:
    """The loss of one (mini-)batch: `experience` and `credit` hold just its responses (see `take`).

    `logprob` [B, T] is log pi_theta(o_t | s_t) under the policy being trained, at the sampling temperature; `entropy`
    [B, T] is needed only where settings.entropy_coef > 0; `max_length` is the run's max_completion_length in tokens.
    Raises ValueError if a term that the settings ask for has no input.
    """
    epsilons = settings.epsilon, settings.clip_high
    ratio = importance_ratio(logprob, experience.logprobs_old)
    surrogate = clipped_surrogate(ratio, credit.advantages, *epsilons, settings.dual_clip)
    objective, kl = surrogate, None
    if settings.beta > 0:
        if experience.logprobs_ref is None:
            raise ValueError(f"{settings.name}: beta is {settings.beta}, but there are no reference log-probabilities")
        kl = ESTIMATORS[settings.kl_loss_estimator](logprob, experience.logprobs_ref)
        objective = objective - settings.beta * kl
    if settings.entropy_coef > 0:
        if entropy is None:
            raise ValueError(f"{settings.name}: entropy_coef is {settings.entropy_coef}, but no entropy was given")
        objective = objective + settings.entropy_coef * entropy
    with torch.no_grad():
        clipped = clipped_side(ratio, credit.advantages, *epsilons, settings.dual_clip)
    loss = -aggregate(objective, experience.mask, settings.aggregation, max_length)
    return PolicyLoss(loss, ratio, clipped, surrogate, kl, objective)
